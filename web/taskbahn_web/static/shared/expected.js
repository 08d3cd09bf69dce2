/** When a job is expected to end: from how far it is, and from how long earlier jobs of its task took. */

import { wholeDuration } from "./format.js";

const MIN_FRACTION = 0.02; // of the whole, before its own pace says anything
const MIN_ELAPSED_SECONDS = 1; // seconds, the same

/**
 * Its own pace counts the more the further it is; before that, earlier jobs do.
 * @param {object} known
 * @param {number | null} known.fraction  0 to 1, if known
 * @param {number} known.elapsed  seconds since the attempt began
 * @param {number | null} [known.typical]  seconds that an attempt takes
 * @returns {number | null}  seconds that are left, more than 0; null if unknown
 */
export function secondsLeft({ fraction, elapsed, typical = null }) {
  const own = fraction !== null && fraction >= MIN_FRACTION && elapsed >= MIN_ELAPSED_SECONDS ? elapsed / fraction : null;
  const usual = typical !== null && typical > elapsed ? typical : null;
  if (fraction !== null && fraction >= 1) return null;
  const whole = own !== null && usual !== null ? /** @type {number} */ (fraction) * own + (1 - /** @type {number} */ (fraction)) * usual : (own ?? usual);
  return whole !== null && whole > elapsed ? whole - elapsed : null;
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
