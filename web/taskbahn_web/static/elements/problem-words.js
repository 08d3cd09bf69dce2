/** What the elements say of an error, for those who use the page: what it means for them, in a sentence; the rest has the console. */

import { sentence, TaskbahnError, UNKNOWN_JOB } from "../client/errors.js";
import { INVALID_TOKEN, NOT_ALLOWED } from "../client/login.js";

/** Answers of a backend that no login of its user changes: the page asks at the wrong place. */
const WRONG_ROUTE = new Set([404, 405]);

/** Those that the console has. @type {WeakSet<object>} */
const said = new WeakSet();

/**
 * @typedef {object} Shown  what the page knows
 * @property {boolean} [wasShown]  what it may not show now it has shown before
 * @property {boolean} [hasLogin]  the node has a login: then it gives the same answer for a job of others as for none
 */

/**
 * @param {import("./words.js").Words} words
 * @param {unknown} error
 * @param {Shown} [shown]
 * @returns {string}
 */
export function problemSentence(words, error, shown = {}) {
  const whole = sentence(error);
  const known = words.phrase(whole);
  if (known !== whole) return known; // the page has a text for just this sentence
  const short = error instanceof TaskbahnError ? shortSentence(words, error, shown) : "";
  if (!short) return whole;
  if (!said.has(/** @type {object} */ (error))) console.warn(whole);
  said.add(/** @type {object} */ (error));
  return short;
}

/**
 * Errors whose own sentences speak of commands and queues.
 * @param {import("./words.js").Words} words
 * @param {TaskbahnError} error
 * @param {Shown} shown
 */
function shortSentence(words, { uri, detail }, { wasShown = true, hasLogin = false }) {
  if (uri === UNKNOWN_JOB && hasLogin) return words.say("This page may not show this job (any more), or it does not exist.");
  if (uri === UNKNOWN_JOB) return words.say("This job does not exist (any more).");
  if (uri === "taskbahn.error.unknown_task") return words.say("This task does not exist (yet).");
  if (uri === "taskbahn.error.queue_full") return words.say("Too many jobs wait already; try it again later.");
  if (uri === INVALID_TOKEN && WRONG_ROUTE.has(detail?.status)) return words.say("This page cannot log in; its console says why.");
  if (uri === INVALID_TOKEN && !wasShown) return words.say("This page may not show this; load it again, or log in again.");
  if (uri === INVALID_TOKEN) return words.say("This page may not show this any more; load it again, or log in again.");
  if (uri === NOT_ALLOWED) return words.say("This page may not do that.");
  return "";
}
