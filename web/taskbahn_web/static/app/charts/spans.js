/** A job's life as spans of time: for each attempt the wait before it and its run, and what it waits for now. */

import { FINAL_STATES } from "../../client/states.js";

/**
 * @typedef {object} Span  times in seconds since the epoch
 * @property {number} attempt  0: it never ran
 * @property {number} from  when the wait for it began
 * @property {number | null} started_at  null: it has not begun
 * @property {number} ended_at  now, while it is on its way
 * @property {string} state
 * @property {string} worker
 */

/**
 * @param {import("../../client/wire.js").JobView} job
 * @param {number} now
 * @returns {{spans: Span[], start: number, end: number}}
 */
export function jobSpans(job, now) {
  const { state, created_at = now, finished_at, attempts = [], attempt = 0 } = job;
  const isFinal = FINAL_STATES.has(state);
  /** @type {Span[]} */
  const spans = [];
  let from = created_at;
  for (const { attempt: number, worker, started_at, ended_at, outcome } of attempts) {
    const end = ended_at ?? (isFinal ? (finished_at ?? started_at) : now);
    spans.push({ attempt: number, from: Math.min(from, started_at), started_at, ended_at: Math.max(end, started_at), state: outcome || "running", worker });
    from = Math.max(end, started_at);
  }
  const isWaiting = state === "waiting" || state === "ready";
  const end = Math.max(from, isFinal ? (finished_at ?? from) : now);
  if (isWaiting || !spans.length) {
    spans.push({ attempt: isWaiting ? attempt + 1 : 0, from, started_at: null, ended_at: end, state, worker: "" });
  }
  return { spans, start: Math.min(created_at, spans[0].from), end };
}
