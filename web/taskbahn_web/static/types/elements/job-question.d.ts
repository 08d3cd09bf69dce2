/** @typedef {import("../client/questions.js").QuestionView} QuestionView */
export class JobQuestion extends JobElement {
    set who(who: string);
    /** Who answers; kept with the answer. */
    get who(): string;
    /** The question that is open, the first if there are several. @returns {QuestionView | null} */
    get question(): QuestionView | null;
    #private;
}
export type QuestionView = import("../client/questions.js").QuestionView;
import { JobElement } from "./job-element.js";
