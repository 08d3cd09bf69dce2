/** The results for the words in the search box, the likeliest first. */

import { PAGES } from "./page-table.js";
import { link } from "../core/route.js";

/**
 * @typedef {object} SearchResult
 * @property {string} kind  a word before it
 * @property {string} text
 * @property {string} where  a hash
 */

const JOB_ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const MAX_TASKS = 6;

/**
 * An id is a job and the name of a task is the task; else the words are a question to the list of jobs, and tasks and pages follow.
 * @param {string} words
 * @param {string[]} tasks  their names
 * @returns {SearchResult[]}
 */
export function searchResults(words, tasks) {
  const text = words.trim();
  if (!text) return [];
  if (JOB_ID.test(text)) return [{ kind: "Job", text: text.toLowerCase(), where: link("jobs", withDashes(text.toLowerCase())) }];
  const small = text.toLowerCase();
  const task = (/** @type {string} */ name) => ({ kind: "Task", text: name, where: link("tasks", name) });
  const others = tasks.filter((name) => name !== text && name.toLowerCase().includes(small));
  return [
    ...(tasks.includes(text) ? [task(text)] : []),
    { kind: "Jobs", text, where: link("jobs", null, { q: text }) },
    ...others.slice(0, MAX_TASKS).map(task),
    ...PAGES.filter(({ page }) => page.startsWith(small)).map(({ page, name }) => ({ kind: "Page", text: name, where: link(page) })),
  ];
}

/** @param {string} id  of a job */
function withDashes(id) {
  const bare = id.replaceAll("-", "");
  return [bare.slice(0, 8), bare.slice(8, 12), bare.slice(12, 16), bare.slice(16, 20), bare.slice(20)].join("-");
}
