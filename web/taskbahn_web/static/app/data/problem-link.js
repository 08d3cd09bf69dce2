/** The page that shows more of a problem. */

import { link } from "../core/route.js";
import { splitKey, splitWords } from "./query-words.js";

/** @typedef {import("../../client/wire.js").Problem} Problem */

/**
 * @param {Problem} problem
 * @returns {{where: string, text: string} | null}  a hash and the link's text; null if no page says more
 */
export function problemLink({ kind, page, id, query }) {
  const task = taskOf(query ?? "");
  if (page === "jobs" && id) return { where: link("jobs", id), text: "Show the job" };
  if (page === "jobs" || (page === "queues" && query)) return { where: link("jobs", null, { q: query }), text: "Show the jobs" };
  if (page === "errors") return { where: link("errors", null, { task }), text: "Show the errors" };
  if (page === "workers") return { where: link("workers", id), text: id ? "Show the worker" : "Show the workers" };
  if (page === "tasks") return { where: link("tasks", id), text: id ? "Show the task" : "Show the tasks" };
  if (page === "limits") return { where: link("limits", id), text: id ? "Show the limit" : "Show the limits" };
  if (page === "schedules") return { where: link("schedules", id, { state: id ? "" : "trouble" }), text: id ? "Show the schedule" : "Show the schedules" };
  if (kind === "hook_secret") return { where: link("triggers", null, { state: "hook" }), text: "Show the hooks" };
  if (page === "triggers") return { where: link("triggers", id, { state: id ? "" : "trouble" }), text: id ? "Show the trigger" : "Show the triggers" };
  if (page === "queues" || page === "settings") return { where: link(page), text: `Show the ${page}` };
  return null;
}

/** The name behind `task:` in a query. @param {string} query */
function taskOf(query) {
  const found = splitWords(query).map(splitKey).find(({ key }) => key === "task");
  return found?.value.map(({ text }) => text).join("");
}
