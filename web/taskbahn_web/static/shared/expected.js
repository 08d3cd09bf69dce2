/** When a job is expected to end: from how far it is, and from how long earlier jobs of its task took. */

import { wholeDuration } from "./format.js";

const MIN_ELAPSED_SECONDS = 1; // seconds, before its own pace says anything
const SMALL_FRACTION = 0.02; // of the whole: below it, the pace of the first seconds is that of the beginning alone
const MIN_SMALL_SECONDS = 5; // seconds, before its own pace says anything there
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
  if (fraction === null) return typical !== null && typical > elapsed ? typical - elapsed : null;
  if (fraction >= 1) return null;
  const hasPace = fraction > 0 && elapsed >= (fraction < SMALL_FRACTION ? MIN_SMALL_SECONDS : MIN_ELAPSED_SECONDS);
  const own = hasPace ? (elapsed / fraction) * (1 - fraction) : null;
  if (typical === null || typical <= 0) return own;
  if (own === null) return typical > elapsed ? (1 - fraction) * typical : null;
  const trust = Math.max(fraction / (fraction + TRUST), elapsed / (elapsed + typical));
  return trust * own + (1 - trust) * (1 - fraction) * typical;
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
