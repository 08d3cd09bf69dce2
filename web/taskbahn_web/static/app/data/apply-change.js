/** What a change of a job, as the stream of changes names it, makes of the job. Nothing here asks or draws. */

import { FINAL_STATES } from "../../client/states.js";

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
 * @typedef {Partial<JobView> & {id: string}} Change
 */

/**
 * A job after a change, which names only what there is.
 * @param {JobView} job
 * @param {Change} change
 * @returns {JobView}
 */
export function applyChange(job, change) {
  const { state = job.state, attempt = job.attempt } = change;
  const now = { ...job, ...(attempt !== job.attempt && { progress: null }), ...change };
  if (FINAL_STATES.has(state)) return now;
  const begins = state === "running" ? {} : { worker: null, started_at: null };
  return { ...now, finished_at: null, error: null, ...begins };
}
