/** How a text with places, "All {count} slots are busy", is found in a sentence that was made elsewhere. */

import { OWN_TEXTS } from "./own-texts.js";

/** Places of numbers: in a sentence that was made elsewhere, nothing else is taken for one. */
export const NUMBERS = new Set(["count", "number", "low", "high", "done", "total"]);
const NUMBER = "(\\d[\\d.,]*(?:e[+-]?\\d+)?|-\\d[\\d.,]*)";
/** What other places may hold: a name, a time, data, or a few words, but not the rest of a longer sentence. */
const CONTENTS = /** @type {Record<string, string>} */ ({
  task: "(\\S+)", id: "(\\S+)", limit: "(\\S+)", example: "(\\S+)", state: "((?:was )?\\w+)", worker: "((?:(?![,;:.] ).)+)",
  moment: "(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC)", value: "((?:[\"\\[{\\-\\d]|true|false|null).*)",
});
/** Places of what people have written, or of data: no part of it is a text, also if it looks like one. */
export const GIVEN = new Set(["task", "id", "limit", "key", "queue", "name", "who", "reason", "question", "value", "pattern", "example", "moment", "ids", "types"]);
/** A place for a sentence. Where that stays English, so does all around it. */
export const SENTENCE = "why";
/** A place for what a value may be, "text or null": kinds that have texts, and data. Where one has none, all around it stays English. */
export const KINDS = "kinds";
export const BOUND = /^(at least|at most|more than|less than|a multiple of) \S+$/;

/** @param {string} text @returns {string[]} */
export function places(text) {
  return Array.from(text.matchAll(/\{(\w+)\}/g), ([, name]) => name);
}

/** @param {string} text @param {Record<string, string | number>} values */
export function fill(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {string} text */
export function isData(text) {
  try {
    return JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

/** @param {string} english @param {string} text */
export function makePattern(english, text) {
  const names = places(english);
  const parts = english.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const source = parts.map((part, index) => part + (index < names.length ? (NUMBERS.has(names[index]) ? NUMBER : (CONTENTS[names[index]] ?? "(.+)")) : "")).join("");
  return { pattern: new RegExp(`^${source}$`, "s"), names, text, isOwn: OWN_TEXTS.has(english) };
}
