/** @typedef {import("../shared/question.js").Choice} Choice */
export class QuestionForm {
    /**
     * @param {import("../client/questions.js").QuestionView} question
     * @param {(value: unknown) => Promise<void>} send  rejects if the answer is refused
     * @param {import("./words.js").Words} words
     */
    constructor(question: import("../client/questions.js").QuestionView, send: (value: unknown) => Promise<void>, words: import("./words.js").Words);
    node: HTMLElement;
    /** Where an answer begins. @type {HTMLElement} */
    get first(): HTMLElement;
    /** Go to where an answer begins, unless the reader types elsewhere. */
    focus(): void;
    #private;
}
export type Choice = import("../shared/question.js").Choice;
