/** What the arguments of a member show in the places of what other jobs give. */

import { shortId } from "../../shared/format.js";
import { taskName } from "./flow-text.js";

/** @typedef {import("../../client/wire.js").InputView} InputView */

/** The only key of an object that means something in arguments. @param {unknown} value */
function markOf(value) {
  if (typeof value !== "object" || value === null) return null;
  const keys = Object.keys(value);
  return keys.length === 1 && (keys[0] === "$input" || keys[0] === "$literal") ? keys[0] : null;
}

/** Where a value comes from. @param {InputView} input */
export function originText({ task, label, job }) {
  return `← result of ${label ?? taskName(task)} (${shortId(job)})`;
}

/**
 * An argument as it is shown: what is known of other jobs' results is in it, and for the rest where it comes from.
 * @param {unknown} value
 * @param {InputView[]} inputs
 * @returns {unknown}
 */
export function shownArgument(value, inputs) {
  return Array.isArray(value) ? value.map((item) => shownPart(item, inputs)) : shownPart(value, inputs);
}

/** @param {unknown} value @param {InputView[]} inputs */
function shownPart(value, inputs) {
  const mark = markOf(value);
  if (mark === null) return value;
  const inner = /** @type {Record<string, unknown>} */ (value)[mark];
  if (mark === "$literal") return inner;
  const input = inputs.find(({ position }) => position === inner);
  if (!input) return "← result of another job";
  return input.value === undefined || input.value === null || input.is_cut ? originText(input) : JSON.parse(input.value);
}
