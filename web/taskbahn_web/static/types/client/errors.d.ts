/**
 * @param {{error?: string, message?: string, detail?: Record<string, any>}} info  an `ErrorInfo` out of a list of answers
 */
export function fromInfo(info: {
    error?: string;
    message?: string;
    detail?: Record<string, any>;
}): TaskbahnError;
/** @param {string} [why] */
export function connectionLost(why?: string): TaskbahnError;
/**
 * @param {unknown} error
 * @returns {string}  a sentence for a person
 */
export function sentence(error: unknown): string;
export const UNKNOWN_JOB: string;
export const CONNECTION_LOST: "taskbahn.error.connection_lost";
export class TaskbahnError extends Error {
    /**
     * @param {string} message  a sentence
     * @param {string} [uri]
     * @param {Record<string, any>} [detail]
     */
    constructor(message: string, uri?: string, detail?: Record<string, any>);
    uri: string;
    detail: Record<string, any>;
    /** True if the connection went away before the answer came. */
    get isConnectionLost(): boolean;
    /** True if the same request may work in a moment. */
    get isPassing(): boolean;
    /** What is wrong with each argument, if that is what is wrong. @returns {Record<string, string>} */
    get fields(): Record<string, string>;
}
