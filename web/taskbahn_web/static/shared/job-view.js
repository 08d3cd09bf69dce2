/** A job's view, and what each event makes of it. */

import { applyQuestion } from "../client/questions.js";
import { FINAL_STATES } from "../client/states.js";

/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/wire.js").Event} Event
 */

/**
 * Whether the view has all that came of the job. The event of its end comes first, without the result.
 *
 * @param {JobView} job
 * @returns {boolean}
 */
export function isComplete(job) {
  return FINAL_STATES.has(job.state) && typeof job.kept_until === "number";
}

/**
 * @param {JobView} job
 * @param {Event} event
 * @returns {JobView}  the job after it
 */
export function applyEvent(job, { kind, data, at }) {
  if (kind === "progress") return { ...job, progress: data };
  if (kind === "question") return { ...job, questions: applyQuestion(job.questions ?? [], data) };
  if (kind === "pause") return { ...job, paused: data };
  if (kind !== "state") return job;
  const { state, attempt = job.attempt ?? 1, worker, error, due_at = null } = data;
  const attempts = job.attempts ?? [];
  if (state === "running") {
    const begun = { attempt, worker: worker ?? "", started_at: at, outcome: "" };
    const earlier = attempts.filter((known) => known.attempt !== attempt);
    return { ...job, state, attempt, worker, started_at: at, finished_at: null, due_at, kept_until: null, progress: null, error: null, fingerprint: null, attempts: [...earlier, begun] };
  }
  const isFinal = FINAL_STATES.has(state);
  const outcome = isFinal ? state : error ? "failed" : "handed_back";
  const ended = attempts.map((known) => (known.outcome ? known : { ...known, ended_at: at, outcome, error: error ?? null }));
  return { ...job, state, attempt, due_at, error: isFinal ? (error ?? null) : null, finished_at: isFinal ? at : null, attempts: ended, ...(isFinal && { questions: [] }) };
}
