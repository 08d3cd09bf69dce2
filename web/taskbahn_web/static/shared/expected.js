/** When a job is expected to end: from how far it is, and from how long earlier jobs of its task took. */

import { wholeDuration } from "./format.js";
import { summarizeProgress } from "./how-far.js";

const MIN_ELAPSED_SECONDS = 1; // seconds, before its own pace says anything
const SMALL_FRACTION = 0.02; // of the whole: below it, the pace of the first seconds is that of the beginning alone
const SETTLING_SECONDS = 5; // seconds, in which such a pace comes to count; without earlier jobs it says nothing before
const TRUST = 0.1; // of the whole, after which its own pace counts as much as earlier jobs

/**
 * Both its own pace and earlier jobs say what is left. Its own pace counts the more the further it is, and the longer it runs, measured by
 * how long earlier ones took: one that is late is not about to end because they were quick.
 * @param {object} known
 * @param {number | null} known.fraction  0 to 1, if known
 * @param {number} known.elapsed  seconds since the attempt began
 * @param {number | null} [known.typical]  seconds that an attempt takes
 * @returns {number | null}  seconds that are left, more than 0; null if unknown
 */
export function secondsLeft({ fraction, elapsed, typical = null }) {
  if (fraction !== null && fraction >= 1) return null;
  const share = fraction ?? 0;
  const isKnown = typical !== null && typical > 0;
  const hasPace = share > 0 && elapsed >= (isKnown || share >= SMALL_FRACTION ? MIN_ELAPSED_SECONDS : SETTLING_SECONDS);
  const own = hasPace ? (elapsed / share) * (1 - share) : null;
  if (!isKnown) return own;
  const usual = Math.max(0, Math.min((1 - share) * typical, typical - elapsed)); // goes down also while nothing comes forwards
  if (own === null) return usual || null;
  const settled = share < SMALL_FRACTION ? Math.min(1, elapsed / SETTLING_SECONDS) : 1;
  const doubt = (TRUST / (share + TRUST)) * (typical / (elapsed + typical)) ** 2;
  const trust = settled * (1 - doubt);
  return trust * own + (1 - trust) * usual;
}

/**
 * What is expected of a job that runs. Of one that is held, or that waits for a person, nothing: that takes as long as it takes.
 * @param {import("../client/wire.js").JobView} job
 * @param {number} now  seconds since the epoch
 * @returns {{left: number | null, usual: number | null}}  left: seconds, more than 0.   usual: seconds that an attempt takes, once it is late
 */
export function expectation({ state, progress, started_at, typical = null, questions, paused }, now) {
  if (state !== "running" || questions?.length || paused) return { left: null, usual: null };
  const elapsed = Math.max(0, now - (started_at ?? now));
  const left = secondsLeft({ fraction: summarizeProgress(progress).fraction, elapsed, typical });
  return { left, usual: left === null && typical && elapsed > typical ? typical : null };
}

/**
 * Seconds that are only expected, as coarse as they are certain, so that they do not flicker.
 * @param {number} seconds
 * @returns {string}
 */
export function roughDuration(seconds) {
  if (seconds < 10) return `${Math.max(1, Math.ceil(seconds))} s`;
  if (seconds < 60) return `${Math.ceil(seconds / 5) * 5} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return wholeDuration(Math.ceil(seconds / 600) * 600);
}
