/** @typedef {import("../client/wire.js").Progress} Progress */
/**
 * The fraction is that of the task, or what the worker makes of its stages; so it is the same everywhere.
 * @param {Progress | null} [progress]
 * @returns {{fraction: number | null, text: string}}  fraction: 0 to 1, or null if it cannot be known
 */
export function summarizeProgress(progress?: Progress | null): {
    fraction: number | null;
    text: string;
};
/**
 * What is shown of a fraction: what has succeeded is done whatever it said, and what ended otherwise is not, even if it said so before.
 * @param {string} state
 * @param {number | null} fraction  0 to 1, or null if it cannot be known
 * @returns {number | null}
 */
export function shownFraction(state: string, fraction: number | null): number | null;
/**
 * How much of a job's bar is full: all of it only once it has succeeded, or its task says so while it runs. null: it runs, and that is
 * unknown.
 * @param {string} state
 * @param {number | null} fraction
 * @returns {number | null}
 */
export function barShare(state: string, fraction: number | null): number | null;
export type Progress = import("../client/wire.js").Progress;
