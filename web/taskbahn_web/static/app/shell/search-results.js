/** The results for the words in the search box, the likeliest first. */

import { PAGES } from "./page-table.js";
import { link } from "../core/route.js";
import { parseQuery } from "../data/query.js";
import { quote } from "../data/query-words.js";

/**
 * @typedef {object} SearchResult
 * @property {string} kind  a word before it
 * @property {string} text
 * @property {string} where  a hash
 *
 * @typedef {{tasks?: string[], workers?: string[], queues?: string[], schedules?: string[], triggers?: string[], limits?: string[]}} Known
 *
 * @typedef {object} Found  what the node has for the words
 * @property {string[]} [errors]  fingerprints
 * @property {string[]} [tags]
 * @property {string[]} [schedules]
 */

const JOB_ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const ID_PART = /^(?=(-*[0-9a-f]){6})(?=.*[0-9])[0-9a-f-]{6,36}$/; // as lists show it; shorter ones and words without a digit are rather names
const FINGERPRINT = /^[0-9a-f]{12}$/;
const MAX_EACH = 6; // results of one kind

/** The word that may be the fingerprint of an error, else "". @param {string} words */
export function fingerprintIn(words) {
  const small = words.trim().toLowerCase();
  return FINGERPRINT.test(small) ? small : "";
}

/**
 * An id is a job, the name of a task or a page is that, the fingerprint of an error and a tag are their jobs; else the words are a
 * question to the list of jobs, and what has a name with them is there as well. The beginning of a page's name comes before a question
 * if no task has it in its name.
 * @param {string} words
 * @param {Known & Found} names
 * @returns {SearchResult[]}
 */
export function searchResults(words, { tasks = [], workers = [], queues = [], schedules = [], triggers = [], limits = [], errors = [], tags = [] }) {
  const text = words.trim();
  if (!text) return [];
  const small = text.toLowerCase();
  if (JOB_ID.test(text)) return [{ kind: "Job", text: small, where: link("jobs", withDashes(small)) }];
  const task = (/** @type {string} */ name) => ({ kind: "Task", text: name, where: link("tasks", name) });
  const others = tasks.filter((name) => name !== text && name.toLowerCase().includes(small));
  const named = (/** @type {string[]} */ all) => all.filter((name) => name.toLowerCase().includes(small)).sort((a, b) => Number(b === text) - Number(a === text)).slice(0, MAX_EACH);
  const pages = PAGES.filter(({ page, name }) => page.startsWith(small) || name.toLowerCase().startsWith(small)).map(({ page, name }) => ({ kind: "Page", text: name, where: link(page) }));
  const isPage = PAGES.some(({ page, name }) => page === small || name.toLowerCase() === small) || !tasks.some((name) => name.toLowerCase().includes(small));
  const byId = ID_PART.test(small) ? [{ kind: "Job", text: `id:${small}`, where: link("jobs", null, { q: `id:${small}`, open: "one" }) }] : [];
  const failed = FINGERPRINT.test(small) ? [{ kind: "Failed", text: `error:${small}`, where: link("jobs", null, { q: `state:failed error:${small}` }) }] : [];
  return [
    ...(tasks.includes(text) ? [task(text)] : []),
    ...(errors.includes(small) ? [...failed, ...byId] : [...byId, ...failed]),
    ...(isPage ? pages : []),
    ...named(workers).map((name) => ({ kind: "Worker", text: name, where: link("workers", name) })),
    ...named(queues).map((name) => ({ kind: "Queue", text: name, where: link("jobs", null, { q: `queue:${quote(name)}` }) })),
    ...named(schedules).map((id) => ({ kind: "Schedule", text: id, where: link("schedules", id) })),
    ...named(triggers).map((id) => ({ kind: "Trigger", text: id, where: link("triggers", id) })),
    ...named(limits).map((name) => ({ kind: "Limit", text: name, where: link("limits", name) })),
    ...(tags.includes(text) && !parseQuery(text).problem ? [{ kind: "Tag", text, where: link("jobs", null, { q: `tag:${quote(text)}` }) }] : []),
    ...jobs(text),
    ...others.slice(0, MAX_EACH).map(task),
    ...(isPage ? [] : pages),
  ];
}

/** Words that are no query are a name with blanks: a tag, or a part of a task's name. @param {string} text @returns {SearchResult[]} */
function jobs(text) {
  const queries = parseQuery(text).problem ? [`tag:${quote(text)}`, quote(text)] : [text];
  return queries.map((q) => ({ kind: "Jobs", text: q, where: link("jobs", null, { q }) }));
}

/** @param {string} id  of a job */
function withDashes(id) {
  const bare = id.replaceAll("-", "");
  return [bare.slice(0, 8), bare.slice(8, 12), bare.slice(12, 16), bare.slice(16, 20), bare.slice(20)].join("-");
}
