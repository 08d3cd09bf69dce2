/** Limits in words: what they allow, their keys, how many jobs wait, when the next one may start. */

import { count, number } from "../../shared/format.js";

/**
 * @typedef {import("../../client/wire.js").LimitView} LimitView
 * @typedef {import("../../client/wire.js").LimitKeyView} LimitKeyView
 */

const MAX_COUNTED_JOBS = 1000; // to which the node counts the jobs that wait for one key

/** What holds now: the override, else the declaration. @param {LimitView} limit @returns {string | number} */
export function valueOf({ declared, override }) {
  return override ?? declared ?? "";
}

/** A value as it is shown. @param {string | number | null} [value] */
export function valueText(value) {
  return typeof value === "number" ? number(value) : (value ?? "");
}

const WHEN_FULL = { refuse: "refuses new jobs", cancel_oldest: "cancels the oldest job", cancel_newest: "cancels the newest job" };

/** What it does with a job that finds its key full; empty if the job waits. @param {LimitView} limit */
export function whenFullText({ when_full = "wait" }) {
  return when_full === "wait" ? "" : WHEN_FULL[when_full];
}

/** Whether operators replaced the declaration. @param {LimitView} limit */
export function isOverridden({ override }) {
  return override !== undefined && override !== null;
}

/**
 * The values of a key: texts as they are, anything that could be taken for something else as JSON.
 * @param {string} [key]  a JSON list
 */
export function keyText(key = "") {
  try {
    const values = /** @type {unknown[]} */ (JSON.parse(key));
    return values.map((value) => (typeof value === "string" && value.trim() ? value : JSON.stringify(value))).join(" · ");
  } catch {
    return key;
  }
}

/** That keys are paused; empty if none is. @param {LimitView} limit */
export function pausedText({ template, paused_keys = 0 }) {
  return paused_keys && template ? `${count(paused_keys, "key")} paused` : paused_keys ? "paused" : "";
}

/** How full it is, 0 to 1; one that allows nothing is full. @param {LimitKeyView} key */
export function fullness({ used, capacity }) {
  return capacity > 0 ? Math.min(1, used / capacity) : 1;
}

/** @param {LimitKeyView} key */
export function usedText({ used, capacity }) {
  return `${number(used)} of ${number(capacity)}`;
}

/** How many jobs wait: "1,000+" if the node did not count all of them. @param {number} [jobs] */
export function waitingText(jobs = 0) {
  return `${number(jobs)}${jobs >= MAX_COUNTED_JOBS ? "+" : ""}`;
}

/**
 * A value around the character that is wrong: what is before it, it, what follows. At its end it is a space that does not break.
 * @param {string} value
 * @param {number} position  of the character, counted from 1
 * @returns {[string, string, string]}
 */
export function splitAt(value, position) {
  const letters = [...value];
  return [letters.slice(0, position - 1).join(""), letters[position - 1] ?? "\u00a0", letters.slice(position).join("")];
}

/** What a change did. @param {LimitView} limit  as it is after it */
export function changeText(limit) {
  const { name, declared, override } = limit;
  return isOverridden(limit) ? `${name} is ${valueText(override)} instead of ${valueText(declared)}.` : `${name} is ${valueText(declared)}, as declared.`;
}

/**
 * Whether every word is somewhere in a limit's name, its tasks or its kind.
 * @param {LimitView} limit
 * @param {string} words
 */
export function isLimitMatch({ name, kind, tasks = [] }, words) {
  const text = [name, kind, ...tasks].join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
