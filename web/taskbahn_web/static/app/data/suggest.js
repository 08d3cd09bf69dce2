/** Suggestions of the query bar: the keys of the language, or values for the key of the word at the caret. */

import { STATES } from "../../client/states.js";
import { KEYS } from "./query.js";
import { quote, splitKey, splitWords } from "./query-words.js";

const MAX_SUGGESTIONS = 8;

const MEANINGS = /** @type {Record<string, string>} */ ({
  state: STATES.join(", "),
  task: "a task's name, * for any characters",
  queue: "a queue's name",
  tag: "a tag of the job",
  worker: "the worker that runs or ran it",
  caller: "who asked for it: an authid, schedule:ID, trigger:ID",
  id: "the beginning or the end of an id",
  parent: "the id of the job to which they belong",
  root: "the id of the job at the root of their tree",
  since: "accepted after: 30s 5m 1h 2d, or a date",
  until: "accepted before: 30s 5m 1h 2d, or a date",
  error: "a kind of error, from the Errors page",
});

/**
 * @typedef {Record<string, string[]>} Known  values by key
 * @typedef {{text: string, note: string, isWhole: boolean}} Suggestion  isWhole: the word is complete with it
 */

/**
 * The word that the caret is in or right behind.
 * @param {string} text
 * @param {number} caret
 */
export function wordAt(text, caret) {
  return splitWords(text).find((word) => word.start <= caret && caret <= word.start + word.text.length) ?? { text: "", start: caret, parts: [], isOpen: false };
}

/**
 * @param {string} text
 * @param {number} caret
 * @param {Known} known
 * @returns {Suggestion[]}
 */
export function suggest(text, caret, known) {
  const at = wordAt(text, caret);
  const given = new Set(splitWords(text).map((each) => splitKey(each).key?.toLowerCase() ?? each.text.toLowerCase()));
  const { key: said, value: parts } = at.parts.length ? splitKey(at) : { key: null, value: [] };
  const value = parts.map((part) => part.text.toLowerCase()).join("");
  if (said === null) {
    const word = value;
    const keys = KEYS.filter((key) => key.startsWith(word) && !given.has(key));
    const tasks = word && !given.has("task") ? suggestValues("task", word, known) : [];
    return [...keys.map((key) => ({ text: `${key}:`, note: MEANINGS[key], isWhole: false })), ...tasks].slice(0, MAX_SUGGESTIONS);
  }
  const key = said.toLowerCase();
  return key === "state" ? suggestStates(value) : suggestValues(key, value, known).slice(0, MAX_SUGGESTIONS);
}

/** @param {string} value  the last of several is being written */
function suggestStates(value) {
  const comma = value.lastIndexOf(",") + 1;
  const [before, last] = [value.slice(0, comma), value.slice(comma)];
  const chosen = before.split(",");
  const fitting = STATES.filter((state) => state.startsWith(last) && !chosen.includes(state));
  return fitting.map((state) => ({ text: `state:${before}${state}`, note: "", isWhole: true })).filter(({ text }) => text !== `state:${value}`);
}

/** @param {string} key @param {string} value @param {Known} known @returns {Suggestion[]} */
function suggestValues(key, value, known) {
  const fitting = (known[key] ?? []).filter((each) => each.toLowerCase().includes(value) && each.toLowerCase() !== value);
  const first = (/** @type {string} */ each) => (each.toLowerCase().startsWith(value) ? 0 : 1);
  return fitting.sort((a, b) => first(a) - first(b)).map((each) => ({ text: `${key}:${quote(each)}`, note: "", isWhole: true }));
}

/**
 * A query with a suggestion in place of the word at the caret.
 * @param {string} text
 * @param {number} caret
 * @param {Suggestion} suggestion
 * @returns {{text: string, caret: number}}
 */
export function completeQuery(text, caret, { text: made, isWhole }) {
  const { start, text: word } = wordAt(text, caret);
  const after = text.slice(start + word.length).trimStart();
  const put = text.slice(0, start) + made + (isWhole ? " " : "");
  return { text: put + after, caret: put.length };
}
