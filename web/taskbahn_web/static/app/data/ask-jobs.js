/** Questions for jobs of a list: the answers of the store, which may be empty and yet go on. */

import { VIEW_JOBS } from "../../client/wire.js";

/**
 * @typedef {import("./job-pages.js").Answer} Answer
 * @typedef {{ask: (procedure: string, args?: unknown[], kwargs?: Record<string, unknown>) => Promise<any>}} Asked
 */

/**
 * One answer: jobs, or none, and where to go on.
 * @param {Asked} bahn
 * @param {import("./query.js").Wanted} wanted
 * @param {number | null} before  the cursor; null for the newest
 * @param {number} limit
 * @returns {Promise<Answer>}
 */
export function askJobs(bahn, wanted, before, limit) {
  return bahn.ask(VIEW_JOBS, [], { ...wanted, limit, ...(before !== null && { before }) });
}

/**
 * The first answer that says something of the rows behind a cursor: jobs, or that there are none. An empty one that goes on says
 * nothing of them: they may lie on either side of where it stopped.
 * @param {(before: number | null) => Promise<Answer>} ask
 * @param {number | null} before
 * @param {() => boolean} isOpen  whether an answer is still of use
 */
export async function askUntilFound(ask, before, isOpen) {
  let answer = await ask(before);
  while (!answer.jobs.length && answer.next !== null && isOpen()) answer = await ask(answer.next);
  return answer;
}
