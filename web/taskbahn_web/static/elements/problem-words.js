/** What the elements say of an error, for those who use the page: what it means for them, in a sentence; the rest has the console. */

import { sentence } from "../client/errors.js";

/** Those that the console has. @type {WeakSet<object>} */
const said = new WeakSet();

/**
 * @param {import("./words.js").Words} words
 * @param {unknown} error
 * @returns {string}
 */
export function problemSentence(words, error) {
  const whole = sentence(error);
  const known = words.phrase(whole);
  if (known !== whole) return known; // the page has a text for just this sentence
  const short = shortSentence(words, /** @type {{uri?: string} | null} */ (error)?.uri);
  if (!short) return whole;
  if (!said.has(/** @type {object} */ (error))) console.warn(whole);
  said.add(/** @type {object} */ (error));
  return short;
}

/**
 * Errors whose own sentences speak of commands and queues.
 * @param {import("./words.js").Words} words
 * @param {string} [uri]
 */
function shortSentence(words, uri) {
  if (uri === "taskbahn.error.unknown_job") return words.say("This job does not exist (any more).");
  if (uri === "taskbahn.error.unknown_task") return words.say("This task does not exist (yet).");
  if (uri === "taskbahn.error.queue_full") return words.say("Too many jobs wait already; try it again later.");
  if (uri === "taskbahn.error.invalid_token") return words.say("This page may not show this any more; load it again, or log in again.");
  if (uri === "taskbahn.error.not_allowed") return words.say("This page may not do that.");
  return "";
}
