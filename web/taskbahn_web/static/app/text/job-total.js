/** How many jobs match a query, as far as it is known. Nothing here touches the page. */

import { count, number } from "../../shared/format.js";

/**
 * The number of jobs that the node counts anyway: of all, or of some states.
 * @param {import("../data/query.js").Wanted} wanted
 * @param {() => Record<string, number> | undefined} read  the counts by state; not read for others, which then need no drawing again
 * @returns {number | null}  null: nothing counts these
 */
export function knownTotal(wanted, read) {
  const counts = Object.keys(wanted).every((name) => name === "state") ? read() : null;
  if (!counts) return null;
  const states = wanted.state ?? Object.keys(counts);
  return [states].flat().reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

/**
 * @param {{count: number, gone: number, next: number | null}} rows  gone: those that match no more; next: null if these are all
 * @param {number | null} total  that is known
 */
export function totalText({ count: rows, gone, next }, total) {
  const here = rows - gone;
  if (next === null) return count(here, "job");
  if (total !== null && total >= here) return count(total, "job");
  return here ? `more than ${number(here)} jobs` : "no job so far; older ones may match";
}
