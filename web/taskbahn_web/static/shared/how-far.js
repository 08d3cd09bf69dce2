/** How far a job is, in one number and a few words, made of what its progress says. */

import { isToCome, MOST_OF_UNDONE } from "./stages.js";

/** @typedef {import("../client/wire.js").Progress} Progress */

/**
 * The fraction is that of the task, or what the worker makes of its stages; so it is the same everywhere.
 * @param {Progress | null} [progress]
 * @returns {{fraction: number | null, text: string}}  fraction: 0 to 1, or null if it cannot be known
 */
export function summarizeProgress(progress) {
  const { fraction = null, message = "", stages = [] } = progress ?? {};
  const open = stages.findLast((stage) => !stage.ended_at && !isToCome(stage));
  return { fraction: fraction === null ? null : Math.min(1, Math.max(0, Number(fraction))), text: message || (open?.name ?? "") };
}

/**
 * What is shown of a fraction: what has succeeded is done whatever it said, and what ended otherwise is not, even if it said so before.
 * @param {string} state
 * @param {number | null} fraction  0 to 1, or null if it cannot be known
 * @returns {number | null}
 */
export function shownFraction(state, fraction) {
  if (state === "succeeded") return 1;
  return fraction === null || state === "running" ? fraction : Math.min(fraction, MOST_OF_UNDONE);
}

/**
 * How much of a job's bar is full: all of it only once it has succeeded, or its task says so while it runs. null: it runs, and that is
 * unknown.
 * @param {string} state
 * @param {number | null} fraction
 * @returns {number | null}
 */
export function barShare(state, fraction) {
  return shownFraction(state, fraction) ?? (state === "running" ? null : 0);
}
