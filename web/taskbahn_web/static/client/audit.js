/** The audit of the router: who did what to which object, when, from where, with what effect. For operators. */

import { checkOptions } from "./options.js";
import { retryCall } from "./retry-call.js";

export const VIEW_AUDIT = "taskbahn.view.audit";
export const AUDIT_TOPIC = "taskbahn.audit";
const WORDS = ["who", "verb", "kind", "object", "job", "since", "until", "text", "before", "limit"];
const PAGE = 50; // entries, if no limit says otherwise
const MAX_PAGE = 500;

/**
 * @typedef {object} AuditEntry  times are seconds since the epoch
 * @property {number} id
 * @property {number} at
 * @property {string} verb  "cancel", "retry", "pause" …
 * @property {string} kind  of the object: "job", "queue" …
 * @property {string} effect  what came of it
 * @property {string} [object]  its id or name; absent: several jobs, or the system
 * @property {string} [authid]
 * @property {string} [role]
 * @property {string} [name]  that the person gave
 * @property {string} [address]
 * @property {number} [session]
 * @property {string} [transport]
 * @property {string} [reason]
 * @property {string} [query]  by which the jobs were found
 * @property {number} [changed]  objects that it changed
 * @property {number} [times]  how often it happened, if more than once
 * @property {string[]} [jobs]  the first jobs that it changed, where `object` does not say it
 *
 * @typedef {object} AuditQuery
 * @property {string} [who]  a user or the name that a person gave; `*` stands for any run of characters
 * @property {string} [verb]
 * @property {string} [kind]
 * @property {string} [object]
 * @property {string} [job]  the id of a job to which something was done, alone or among others
 * @property {number | Date} [since]
 * @property {number | Date} [until]
 * @property {string} [text]  in what an entry says
 * @property {number} [before]  where to go on: `next` of the page before
 * @property {number} [limit]  entries at most; 50 if it is left out
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {AuditQuery} query
 * @returns {Promise<{entries: AuditEntry[], next: number | null}>}  newest first; next: where the next page begins, null at the end
 */
export async function audit(connection, query) {
  const { limit = PAGE, before: first, ...rest } = checkOptions("audit", query, WORDS);
  const given = Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => value !== undefined && value !== "")
      .map(([name, value]) => [name, value instanceof Date ? value.getTime() / 1000 : value]),
  );
  /** @type {AuditEntry[]} */
  const entries = [];
  let next = first ?? null;
  do {
    const wanted = { ...given, limit: Math.min(limit - entries.length, MAX_PAGE), ...(next !== null && { before: next }) };
    const page = await retryCall(connection, (session) => session.call(VIEW_AUDIT, [], wanted).result);
    entries.push(...page.entries);
    next = page.next;
  } while (next !== null && entries.length < limit);
  return { entries, next };
}
