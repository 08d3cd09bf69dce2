/**
 * @param {Words} words
 * @param {JobView | null} job
 * @param {ConnectionState} connection
 * @param {boolean} isWanted  whether there is a job to show
 * @returns {string}
 */
export function stateText(words: Words, job: JobView | null, connection: ConnectionState, isWanted: boolean): string;
/**
 * The line under the bar.
 * @param {Words} words
 * @param {JobView | null} job
 * @param {number} now  seconds since the epoch
 * @param {{state: ConnectionState} | null} bahn
 * @param {boolean} [isOutdated]  its progress may be that of before a lost connection, so it says nothing of what is left
 * @returns {{facts: string, left: string}}  what is, and what is expected
 */
export function footText(words: Words, job: JobView | null, now: number, bahn: {
    state: ConnectionState;
} | null, isOutdated?: boolean): {
    facts: string;
    left: string;
};
export type JobView = import("../client/wire.js").JobView;
export type ConnectionState = import("../client/connection.js").ConnectionState;
export type Words = import("./words.js").Words;
