/**
 * @typedef {object} QuestionView  an open question of a job
 * @property {string} job
 * @property {string} [task]
 * @property {string} name
 * @property {string} question
 * @property {import("./wire.js").Schema} [schema]  of the answer
 * @property {string} [to]  who is to answer
 * @property {number} asked_at
 * @property {number | null} [until]  when it closes
 * @property {string} [encrypted_by]  the name of the key that has encrypted it, and by which its answer is
 */
/** What tells a question from all others, also from one that the job asks by the same name after a retry. @param {QuestionView} question */
export function questionKey({ job, name, asked_at }: QuestionView): string;
/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} job
 * @param {string} name  of the question
 * @param {unknown} value
 * @param {string} [who]
 */
export function answerQuestion(connection: import("./connection.js").Connection, job: string, name: string, value: unknown, who?: string): Promise<void>;
/**
 * The open questions of a job after an event. One that is asked again keeps its place.
 * @param {QuestionView[]} open
 * @param {QuestionView | {name: string}} data  of the event: a question, or the name of one that is closed
 * @returns {QuestionView[]}
 */
export function applyQuestion(open: QuestionView[], data: QuestionView | {
    name: string;
}): QuestionView[];
/** An open question of a job. */
export class Question {
    /**
     * @param {import("./connection.js").Connection} connection
     * @param {QuestionView} view
     * @param {import("./keys.js").KeyRing} [ring]
     */
    constructor(connection: import("./connection.js").Connection, { job, task, name, question, schema, to, asked_at, until, encrypted_by }: QuestionView, ring?: import("./keys.js").KeyRing);
    /** The id of the job that asks. */
    job: string;
    task: string;
    name: string;
    question: string;
    /** What an answer must be. */
    schema: import("./wire.js").Schema;
    /** Who is to answer; "" if the task does not say. */
    to: string;
    asked_at: number;
    /** When it closes, seconds since the epoch. */
    until: number | null;
    /**
     * Answer it: the first answer that fits counts.
     * @param {unknown} value
     * @param {string} [who]  who answers
     * @returns {Promise<void>}  rejects if the answer does not fit, or if the question is open no more
     */
    answer(value: unknown, who?: string): Promise<void>;
    #private;
}
/**
 * an open question of a job
 */
export type QuestionView = {
    job: string;
    task?: string | undefined;
    name: string;
    question: string;
    /**
     * of the answer
     */
    schema?: import("./wire.js").Schema | undefined;
    /**
     * who is to answer
     */
    to?: string | undefined;
    asked_at: number;
    /**
     * when it closes
     */
    until?: number | null | undefined;
    /**
     * the name of the key that has encrypted it, and by which its answer is
     */
    encrypted_by?: string | undefined;
};
