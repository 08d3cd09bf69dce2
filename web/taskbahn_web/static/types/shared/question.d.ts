/**
 * Make the form of a question. A simple answer is one button; so is the one thing that an answer of several must have, if that is simple.
 * @param {import("../client/wire.js").Schema} [schema]
 * @returns {AnswerForm}
 */
export function answerForm(schema?: import("../client/wire.js").Schema): AnswerForm;
/**
 * @param {AnswerForm} form
 * @param {Record<string, import("./values.js").Typed>} typed
 * @param {Choice} [choice]  of its decision
 * @returns {{value: unknown, problems: Record<string, string>}}  value: of use only without problems, which are by field
 */
export function makeAnswer({ fields, decision, isWhole }: AnswerForm, typed: Record<string, import("./values.js").Typed>, choice?: Choice): {
    value: unknown;
    problems: Record<string, string>;
};
/**
 * Bring what the dispatcher finds wrong with an answer to its field.
 * @param {unknown} error
 * @param {AnswerForm} form
 * @returns {Record<string, string>}  by field; empty if it belongs to none
 */
export function answerProblems(error: unknown, { fields, isWhole }: AnswerForm): Record<string, string>;
/** Whether an answer was refused because the question is open no more. @param {unknown} error */
export function isClosedQuestion(error: unknown): boolean;
/**
 * Who is to answer, since when it is open, when it closes.
 * @param {QuestionView} question
 * @param {number} now  seconds since the epoch
 * @returns {string[]}
 */
export function questionFacts({ to, asked_at, until }: QuestionView, now: number): string[];
/** In its first moment a form takes no answer: a press was meant for what was in its place before, or is the second of a double one. Milliseconds. */
export const SETTLING_MS: 400;
export type QuestionView = import("../client/questions.js").QuestionView;
export type Field = import("./schema.js").Field;
/**
 * a button that sends the form
 */
export type Choice = {
    text: string;
    value: unknown;
};
export type AnswerForm = {
    /**
     * to fill in
     */
    fields: Field[];
    /**
     * what has buttons in place of a field
     */
    decision: Field | null;
    /**
     * its buttons; without a decision there are none
     */
    choices: Choice[];
    /**
     * the one field is the answer; else each is a property of it
     */
    isWhole: boolean;
    /**
     * the decision's name is above its buttons; a yes or no answers the question itself, whatever its field is called
     */
    isNamed: boolean;
};
