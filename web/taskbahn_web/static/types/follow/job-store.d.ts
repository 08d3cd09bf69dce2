/**
 * @param {string | {id: string} | null | undefined} job
 * @returns {string}  "" if there is none
 */
export function idOf(job: string | {
    id: string;
} | null | undefined): string;
/** What there is to know without a job. @type {JobState} */
export const NO_JOB: JobState;
export class JobStore {
    /**
     * @param {string} id  "": there is no job
     * @param {HookOptions} options
     */
    constructor(id: string, options: HookOptions);
    /** The value of now, the same one until something changes. */
    read: () => JobState<any>;
    /**
     * Follow the job as long as there is a listener.
     * @param {() => void} listener
     * @returns {() => void}  stops it
     */
    subscribe: (listener: () => void) => () => void;
    #private;
}
export type Bahn = import("../taskbahn.js").Bahn;
export type JobView = import("../client/wire.js").JobView;
export type HookOptions = {
    /**
     * the connection; one that all hooks and elements with the same `url` share if left out
     */
    bahn?: import("../taskbahn.js").Bahn | null | undefined;
    /**
     * of the router's WebSocket; where this module came from if left out
     */
    url?: string | undefined;
};
/**
 * a job as it is now; everything is null while there is none
 */
export type JobState<R = any> = {
    /**
     * to cancel it, pause it, send it messages
     */
    job: import("../client/job.js").Job<R> | null;
    /**
     * null also while nothing is known of it yet
     */
    state: import("../client/wire.js").State | null;
    /**
     * all that is known of it
     */
    view: JobView | null;
    /**
     * fraction: 0 to 1, 1 only once it has succeeded, or while it runs and says so
     */
    progress: (Omit<import("../client/wire.js").Progress, "fraction"> & {
        fraction: number | null;
    }) | null;
    /**
     * why it does not run yet, and what is before it
     */
    place: import("../client/wire.js").Place | null;
    /**
     * the first that is open
     */
    question: Question | null;
    /**
     * once it has succeeded
     */
    result: R | undefined;
    /**
     * why it did not succeed, or why it cannot be watched
     */
    error: TaskbahnError | null;
    /**
     * it will not change any more, unless it is retried: it has ended, or cannot be watched
     */
    isEnded: boolean;
    /**
     * idle: there is no job, or no component shows it yet
     */
    connection: "idle" | import("../client/connection.js").ConnectionState;
};
import { Question } from "../client/questions.js";
import { TaskbahnError } from "../taskbahn.js";
