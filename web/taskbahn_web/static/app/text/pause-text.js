/** Pauses in words: what is paused, by whom and why, and when that ends. */

import { ago, day, wholeDuration } from "../../shared/format.js";
import { link } from "../core/route.js";
import { keyText } from "./limit-text.js";

/**
 * @typedef {import("../../client/wire.js").Pause} Pause
 *
 * @typedef {object} Subject  what a query names
 * @property {string} before  the words before its name
 * @property {string} name
 * @property {string} where  a hash: the page that shows it
 */

export const MAX_REASON_LENGTH = 500; // characters, as the node keeps

/** For how long; null: until it is resumed. @type {readonly {text: string, seconds: number | null}[]} */
export const PAUSE_LENGTHS = [
  { text: "Until resumed", seconds: null },
  { text: "10 min", seconds: 600 },
  { text: "1 h", seconds: 3600 },
  { text: "8 h", seconds: 28_800 },
  { text: "24 h", seconds: 86_400 },
];

/**
 * The query of one key of a limit.
 * @param {string} limit  its name
 * @param {string} [key]  a JSON list; missing if the limit has no template
 */
export function keyQuery(limit, key = "") {
  return `key:${limit}${key}`;
}

/** @param {string} query @returns {Subject} */
export function subjectOf(query) {
  const [, kind, name] = query.match(/^(\w+):(.*)$/s) ?? ["", "", ""];
  if (kind === "queue") return { before: "the queue ", name, where: link("queues") };
  if (kind === "task") return { before: "the task ", name, where: link("tasks", name) };
  if (kind === "key") {
    const [limit] = name.split("[", 1); // no limit's name has a bracket
    const key = name.slice(limit.length);
    return { before: key ? `the key ${keyText(key)} of the limit ` : "the limit ", name: limit, where: link("limits", limit) };
  }
  return { before: "the whole ", name: "system", where: link("overview") };
}

/** What a query names, within a sentence. @param {string} query */
export function subjectText(query) {
  const { before, name } = subjectOf(query);
  return before + name;
}

/** The same at the beginning of a sentence. @param {string} text */
export function capitalized(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** When a pause ends. @param {{until?: number | null}} pause @param {number} now */
export function endText({ until }, now) {
  if (typeof until !== "number") return "until it is resumed";
  return until - now >= 1 ? `ends in ${wholeDuration(until - now)}` : "ends now";
}

/** By whom, since when, until when, and why, which may be long: "by ann 5 min ago, ends in 2 h 00 min: the provider is down". @param {Pause} pause @param {number} now */
export function pauseDetails(pause, now) {
  const { reason, paused_by, paused_at } = pause;
  return `${paused_by ? `by ${paused_by} ` : ""}${ago(paused_at, now)}, ${endText(pause, now)}${reason ? `: ${reason}` : ""}`;
}

/** What was done. @param {Pause} pause */
export function pausedText({ query, until }) {
  return `${capitalized(subjectText(query))} is paused${typeof until === "number" ? ` until ${day(until)}` : ""}.`;
}

/** What was done. @param {Pause} pause  that is over */
export function resumedText({ query }) {
  return `${capitalized(subjectText(query))} is resumed.`;
}

/**
 * The arguments of `taskbahn.admin.pause`, without those that are empty.
 * @param {{query: string, reason: string, seconds: number | null, who: string}} given
 */
export function pauseArguments({ query, ...words }) {
  return { query, ...pauseWords(words) };
}

/** Why, for how long, and who, without what is empty. @param {{reason: string, seconds: number | null, who: string}} given */
export function pauseWords({ reason, seconds, who }) {
  return { ...(reason.trim() && { reason: reason.trim() }), ...(seconds !== null && { within: seconds }), ...(who.trim() && { who: who.trim() }) };
}

/** The system's pause first, then the oldest. @param {Pause[]} pauses */
export function inOrder(pauses) {
  return [...pauses].sort((a, b) => Number(a.query !== "") - Number(b.query !== "") || a.paused_at - b.paused_at);
}

/**
 * The pauses of keys of a limit, but for some.
 * @param {Pause[]} pauses
 * @param {string} limit  its name
 * @param {(string | undefined)[]} [shown]  keys that are left out, JSON lists
 */
export function keyPauses(pauses, limit, shown = []) {
  const left = new Set(shown.map((key) => keyQuery(limit, key)));
  return pauses.filter(({ query }) => (query === keyQuery(limit) || query.startsWith(keyQuery(limit, "["))) && !left.has(query));
}
