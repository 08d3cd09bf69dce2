/** How a job has ended: its result, or why it has none. */

import { withoutCiphertext } from "./ciphertext.js";
import { TaskbahnError } from "./errors.js";
import { readable } from "./revealing.js";

const ERROR_NAMES = { failed: "job_failed", cancelled: "job_cancelled", expired: "job_expired" };

/**
 * @param {import("./wire.js").JobView} job  one that has ended
 * @returns {any}  its result; throws a `TaskbahnError` if it did not succeed
 */
export function resultOf(job) {
  if (job.state === "succeeded") return readable(job.result);
  const { type, message } = failureOf(job);
  const text = withoutCiphertext([type, message].filter(Boolean).join(": "));
  const uri = "taskbahn.error." + ERROR_NAMES[/** @type {keyof typeof ERROR_NAMES} */ (job.state)];
  throw new TaskbahnError(text, uri, { job: job.id, state: job.state, ...job.error });
}

/**
 * @param {import("./wire.js").JobView} job  one that has ended and did not succeed
 * @returns {import("./wire.js").Failure}  why; a router of an earlier release knows it not of each
 */
export function failureOf({ id, state, error }) {
  return { ...error, message: error?.message ?? `job ${id} ${state}` };
}
