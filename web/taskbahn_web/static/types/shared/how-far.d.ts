/** How far a job is, in one number and a few words, made of what its progress says. */
/**
 * @typedef {import("../client/wire.js").Progress} Progress
 * @typedef {import("../client/wire.js").Stage} Stage
 */
/**
 * What the task says counts. Else a single outermost stage is the whole, with the part of its step that is done within;
 * with several outermost stages it is unknown how many follow.
 * @param {Progress | null} [progress]
 * @returns {{fraction: number | null, text: string}}  fraction: 0 to 1, or null if it cannot be known
 */
export function summarizeProgress(progress?: Progress | null): {
    fraction: number | null;
    text: string;
};
export type Progress = import("../client/wire.js").Progress;
export type Stage = import("../client/wire.js").Stage;
