/**
 * @typedef {object} Context  what an offered task is given beside its arguments
 * @property {Record<string, unknown>} kwargs
 * @property {(progress: number | import("./wire.js").Progress) => void} progress  a fraction from 0 to 1, or more than that
 */
/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} task
 * @param {(args: unknown[], context: Context) => unknown} run
 * @returns {Promise<() => void>}  withdraws it
 */
export function offer(connection: import("./connection.js").Connection, task: string, run: (args: unknown[], context: Context) => unknown): Promise<() => void>;
/**
 * what an offered task is given beside its arguments
 */
export type Context = {
    kwargs: Record<string, unknown>;
    /**
     * a fraction from 0 to 1, or more than that
     */
    progress: (progress: number | import("./wire.js").Progress) => void;
};
