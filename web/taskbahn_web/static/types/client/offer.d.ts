/**
 * @typedef {object} Context  what an offered task is given beside its arguments
 * @property {Record<string, unknown>} kwargs
 * @property {(progress: number | import("./wire.js").Progress) => void} progress  a fraction from 0 to 1, or more than that
 * @property {AbortSignal} signal  aborts when the result is no longer wanted: the job was cancelled or ran longer than it may, the
 *   connection was lost, the offer was withdrawn
 * @property {string} job  its id
 * @property {number} attempt  counts from 1
 */
/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} task
 * @param {(args: any[], context: Context) => unknown} run
 * @param {string} [name]  of this worker; no two of a task may have the same at a time
 * @returns {Promise<() => void>}  withdraws it
 */
export function offer(connection: import("./connection.js").Connection, task: string, run: (args: any[], context: Context) => unknown, name?: string): Promise<() => void>;
/**
 * what an offered task is given beside its arguments
 */
export type Context = {
    kwargs: Record<string, unknown>;
    /**
     * a fraction from 0 to 1, or more than that
     */
    progress: (progress: number | import("./wire.js").Progress) => void;
    /**
     * aborts when the result is no longer wanted: the job was cancelled or ran longer than it may, the
     * connection was lost, the offer was withdrawn
     */
    signal: AbortSignal;
    /**
     * its id
     */
    job: string;
    /**
     * counts from 1
     */
    attempt: number;
};
