/** Questions of the search box to the node: what it has for the words that are typed. */

import { VIEW_SCHEDULES } from "../../client/schedules.js";
import { askJobs, askUntilFound } from "../data/ask-jobs.js";
import { bahn } from "../data/live.js";
import { fingerprintIn } from "./search-results.js";

/** @typedef {import("./search-results.js").Found} Found */

const MAX_SCHEDULES = 20;

/** What the node has for the words of the box. @param {string} text @param {() => boolean} isWanted @returns {Promise<Found>} */
export async function look(text, isWanted) {
  const [errors, tags, schedules] = await Promise.all([knownErrors(fingerprintIn(text), isWanted), knownTags(text), knownSchedules(text)]);
  return { errors, tags, schedules };
}

/** The fingerprint, if a job that failed has it. @param {string} fingerprint @param {() => boolean} isWanted @returns {Promise<string[]>} */
async function knownErrors(fingerprint, isWanted) {
  if (!fingerprint) return [];
  const ask = (/** @type {number | null} */ before) => askJobs(bahn, /** @type {any} */ ({ state: ["failed"], error: fingerprint }), before, 1);
  return askUntilFound(ask, null, isWanted).then(({ jobs }) => (jobs.length ? [fingerprint] : []), () => []);
}

/** The text, if one of the newest jobs has it as a tag: one look, for people type. @param {string} text @returns {Promise<string[]>} */
async function knownTags(text) {
  if (!text || text.includes("*")) return [];
  return askJobs(bahn, /** @type {any} */ ({ tag: text }), null, 1).then(({ jobs }) => (jobs.length ? [text] : []), () => []);
}

/** The ids of schedules that have the text. @param {string} text @returns {Promise<string[]>} */
async function knownSchedules(text) {
  if (!text) return [];
  const asked = { text, limit: MAX_SCHEDULES, outcomes: 0 };
  return bahn.ask(VIEW_SCHEDULES, [], asked).then(({ schedules }) => schedules.map((/** @type {{id: string}} */ { id }) => id), () => []);
}
