/**
 * @typedef {import("./wire.js").Event
 *   | {kind: "snapshot", data: import("./wire.js").JobView}
 *   | {kind: "outcome", data: import("./wire.js").JobView}} JobEvent
 */
/** @template [R=any]  what it returns */
export class Job<R = any> {
    /** A new id for a job, to be given to it by the option `id` of `start`. */
    static newId(): string;
    /**
     * @param {import("./connection.js").Connection} connection
     * @param {string} id
     * @param {import("./keys.js").KeyRing} [ring]
     * @param {string | null} [key]  its name
     */
    constructor(connection: import("./connection.js").Connection, id: string, ring?: import("./keys.js").KeyRing, key?: string | null);
    id: string;
    /**
     * Everything that happens to the job: the snapshot, then every event, then the outcome. Survives reconnects.
     * @param {number} [after]  the number of the last event that is known
     * @returns {AsyncGenerator<JobEvent, void, void>}
     */
    events(after?: number): AsyncGenerator<JobEvent, void, void>;
    /**
     * What the task sends piece by piece, in order: all from the first, then those that come. An attempt after a failed one sends its own
     * from the start, with its number.
     * @returns {AsyncGenerator<{value: any, attempt: number}, void, void>}  ends with the job; rejects with a `TaskbahnError` if it did not succeed
     */
    chunks(): AsyncGenerator<{
        value: any;
        attempt: number;
    }, void, void>;
    /**
     * Hear how far it is: the known progress at once, then each new one.
     * @param {(progress: import("./wire.js").Progress) => void} listener
     * @returns {() => void}  stops it
     */
    onProgress(listener: (progress: import("./wire.js").Progress) => void): () => void;
    /**
     * Hear why it does not run yet, how many jobs are before it, and when it is expected to start; null once it waits no more.
     * @param {(place: import("./wire.js").Place | null) => void} listener
     * @returns {() => void}  stops it
     */
    onPlace(listener: (place: import("./wire.js").Place | null) => void): () => void;
    /**
     * Hear what it asks: the first question that is open, also one that is known, and the next once that is closed; null once none is
     * open.
     * @param {(question: import("./questions.js").Question | null) => void} listener
     * @returns {() => void}  stops it
     */
    onQuestion(listener: (question: import("./questions.js").Question | null) => void): () => void;
    /**
     * Answer a question that it asks: the first answer that fits counts.
     * @param {string} name  of the question
     * @param {unknown} value
     * @param {string} [who]  who answers
     * @returns {Promise<void>}  rejects if the answer does not fit, or if the question is open no more
     */
    answer(name: string, value: unknown, who?: string): Promise<void>;
    /**
     * Send a message into its inbox.
     * @param {unknown} message
     * @returns {Promise<number>}  the number of the message, from 1; rejects if the job has ended
     */
    send(message: unknown): Promise<number>;
    /**
     * Wait for the end, as long as that takes.
     * @returns {Promise<R>}  what the task returned; rejects with a `TaskbahnError` if it did not succeed
     */
    result(): Promise<R>;
    /**
     * Ask once what is known of it: state, arguments, progress, result, error, attempts.
     * @returns {Promise<import("./wire.js").JobView>}  rejects if there is no such job
     */
    view(): Promise<import("./wire.js").JobView>;
    /**
     * Ask once what is between the job and its start; what is closed comes first.
     * @returns {Promise<import("./graph.js").WaitReason[]>}  empty once it has started; rejects if there is no such job
     */
    explain(): Promise<import("./graph.js").WaitReason[]>;
    /**
     * Ask once for a page of the jobs that belong to this one, in the order of their acceptance.
     * @param {{after?: number, limit?: number, state?: string | string[]}} [options]  after: the `next` of the page before
     * @returns {Promise<{jobs: import("./wire.js").JobView[], next: number | null}>}  rejects if there is no such job
     */
    members(options?: {
        after?: number;
        limit?: number;
        state?: string | string[];
    }): Promise<{
        jobs: import("./wire.js").JobView[];
        next: number | null;
    }>;
    /**
     * Ask once for the job with its members and what waits for what; of a job without members, for what is next to it.
     * @returns {Promise<import("./graph.js").JobGraph>}  rejects if there is no such job
     */
    graph(): Promise<import("./graph.js").JobGraph>;
    /**
     * Make a browser token, in a backend: the text for a page that sees this job, with what belongs to it.
     * @param {import("./issuing.js").JobWords} [words]  what the page may do with it
     * @returns {Promise<string>}
     */
    token: (words?: import("./issuing.js").JobWords) => Promise<string>;
    /**
     * @param {string} [reason]
     * @returns {Promise<import("./wire.js").State>}  the state after it; a job that has ended stays what it is
     */
    cancel(reason?: string): Promise<import("./wire.js").State>;
    /**
     * Start neither it nor any of its tree until it is resumed; a task that runs waits where it checks.
     * @param {string} [reason]
     * @returns {Promise<import("./wire.js").State>}  the state after it; rejects if it has ended
     */
    pause(reason?: string): Promise<import("./wire.js").State>;
    /**
     * Let go on what `pause` holds.
     * @returns {Promise<import("./wire.js").State>}  the state after it; rejects if it has ended
     */
    resume(): Promise<import("./wire.js").State>;
    /**
     * Let those jobs go on that are held (`if_fails: "hold"`) by this one, which did not succeed: they get null in its place.
     * @returns {Promise<import("./wire.js").State>}  its state, which stays; rejects if no job is held by it
     */
    skip(): Promise<import("./wire.js").State>;
    /**
     * Start it once more; it must have failed, expired or been cancelled. Listeners go on, and `result` is that of the new attempts.
     * @returns {Promise<import("./wire.js").State>}  the state after it; rejects in any other state
     */
    retry(): Promise<import("./wire.js").State>;
    #private;
}
export type JobEvent = import("./wire.js").Event | {
    kind: "snapshot";
    data: import("./wire.js").JobView;
} | {
    kind: "outcome";
    data: import("./wire.js").JobView;
};
