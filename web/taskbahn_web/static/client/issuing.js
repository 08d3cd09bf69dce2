/** Makes browser tokens, for backends that run in Node.js: what one page may see and do, and for how long. */

import { checkOptions } from "./options.js";
import { retryCall } from "./retry-call.js";
import { BROWSER_TOKEN } from "./wire.js";

const VERBS = /** @type {const} */ (["cancel", "answer", "send", "retry"]);
const WORDS = ["watch", ...VERBS, "start", "tags", "expires", "once"];

/**
 * @typedef {string | {id: string}} JobOrId
 *
 * @typedef {object} TokenWords  what a token allows
 * @property {JobOrId[]} [watch]  jobs that it sees, with what belongs to them
 * @property {boolean | JobOrId[]} [cancel]  jobs that it may cancel; true: all that it sees, as of the next three
 * @property {boolean | JobOrId[]} [answer]
 * @property {boolean | JobOrId[]} [send]
 * @property {boolean | JobOrId[]} [retry]
 * @property {string[]} [start]  patterns of the tasks that it may start, as `images.*`
 * @property {string[]} [tags]  it sees jobs with one of them, and what it starts has them all
 * @property {number} [expires]  seconds; 900 if left out, 30 days at most
 * @property {boolean} [once]  it starts one job
 */

/**
 * @typedef {object} JobWords  what a page may do with the job that its token names
 * @property {boolean} [cancel]
 * @property {boolean} [answer]
 * @property {boolean} [send]
 * @property {boolean} [retry]
 * @property {number} [expires]  seconds, as above
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {TokenWords} words
 * @returns {Promise<string>}
 */
export async function makeToken(connection, words) {
  const given = Object.entries(checkOptions("token", words, WORDS)).filter(([, value]) => value !== undefined && value !== false);
  const said = given.map(([name, value]) => [name, name === "watch" || VERBS.some((verb) => verb === name) ? idsIn(value) : value]);
  const { token } = await retryCall(connection, (session) => session.call(BROWSER_TOKEN, [], Object.fromEntries(said)).result);
  return token;
}

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} id  of the job
 * @param {JobWords} words
 * @returns {Promise<string>}
 */
export async function makeJobToken(connection, id, words) {
  const given = Object.entries(checkOptions("token", words, [...VERBS, "expires"])).filter(([, value]) => value !== undefined && value !== false);
  return makeToken(connection, { ...Object.fromEntries(given.map(([name, value]) => [name, value === true ? [id] : value])), watch: [id] });
}

/** @param {unknown} jobs */
function idsIn(jobs) {
  return Array.isArray(jobs) ? jobs.map((job) => (typeof job === "object" ? job?.id : job)) : jobs;
}
