/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/connection.js").ConnectionState} ConnectionState
 */
/**
 * @param {JobView | null} job
 * @param {ConnectionState} connection
 * @param {boolean} isWanted  whether there is a job to show
 * @returns {string}
 */
export function stateText(job: JobView | null, connection: ConnectionState, isWanted: boolean): string;
/**
 * The line under the bar.
 * @param {JobView | null} job
 * @param {number} now  seconds since the epoch
 * @param {{state: ConnectionState} | null} bahn
 * @returns {{facts: string, left: string}}  what is, and what is expected
 */
export function footText(job: JobView | null, now: number, bahn: {
    state: ConnectionState;
} | null): {
    facts: string;
    left: string;
};
export type JobView = import("../client/wire.js").JobView;
export type ConnectionState = import("../client/connection.js").ConnectionState;
