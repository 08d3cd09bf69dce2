/**
 * Both its own pace and earlier jobs say what is left. Its own pace counts the more the further it is, and the longer it runs, measured by
 * how long earlier ones took: one that is late is not about to end because they were quick.
 * @param {object} known
 * @param {number | null} known.fraction  0 to 1, if known
 * @param {number} known.elapsed  seconds since the attempt began
 * @param {number | null} [known.typical]  seconds that an attempt takes
 * @returns {number | null}  seconds that are left, more than 0; null if unknown
 */
export function secondsLeft({ fraction, elapsed, typical }: {
    fraction: number | null;
    elapsed: number;
    typical?: number | null | undefined;
}): number | null;
/**
 * What is expected of a job that runs. Of one that is held, or that waits for a person, nothing: that takes as long as it takes.
 * @param {import("../client/wire.js").JobView} job
 * @param {number} now  seconds since the epoch
 * @returns {{left: number | null, usual: number | null}}  left: seconds, more than 0.   usual: seconds that an attempt takes, once it is late
 */
export function expectation({ state, progress, started_at, typical, questions, paused }: import("../client/wire.js").JobView, now: number): {
    left: number | null;
    usual: number | null;
};
/**
 * Seconds that are only expected, as coarse as they are certain, so that they do not flicker.
 * @param {number} seconds
 * @returns {string}
 */
export function roughDuration(seconds: number): string;
