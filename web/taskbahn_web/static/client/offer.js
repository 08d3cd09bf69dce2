/** Being a worker: a registration `taskbahn.offer_job_as.<name>.<task>`, made again on every session. */

import { TaskbahnError } from "./errors.js";
import { resubscribe } from "./resubscribe.js";
import { MAX_TASK_NAME, OFFER_JOB_AS_PREFIX, OFFER_JOB_PREFIX, OFFER_NAME, TASK_NAME } from "./wire.js";

const NOT_AUTHORIZED = "wamp.error.not_authorized"; // by a node that does not know named offers
const RANDOM_NAME_BYTES = 6; // of a random name

/**
 * @typedef {object} Context  what an offered task is given beside its arguments
 * @property {Record<string, unknown>} kwargs
 * @property {(progress: number | import("./wire.js").Progress) => void} progress  a fraction from 0 to 1, or more than that
 * @property {AbortSignal} signal  aborts when the result is no longer wanted: the job was cancelled or ran longer than it may, the
 *   connection was lost, the offer was withdrawn
 * @property {string} job  its id
 * @property {number} attempt  counts from 1
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} task
 * @param {(args: any[], context: Context) => unknown} run
 * @param {string} [name]  of this worker; no two of a task may have the same at a time
 * @returns {Promise<() => void>}  withdraws it
 */
export async function offer(connection, task, run, name = randomName()) {
  checkOffer(task, run, name);
  /** @type {import("./wamp.js").Callee} */
  const callee = ([{ job, attempt }, ...args], kwargs, progress, signal) => run(args, { kwargs, progress, signal, job, attempt });
  return resubscribe(connection, async (session) => {
    try {
      return await session.register(`${OFFER_JOB_AS_PREFIX}${name}.${task}`, callee);
    } catch (error) {
      if (!(error instanceof TaskbahnError) || error.uri !== NOT_AUTHORIZED) throw error;
      return session.register(OFFER_JOB_PREFIX + task, callee);
    }
  });
}

/** @returns {string} */
function randomName() {
  return `page-${Array.from(crypto.getRandomValues(new Uint8Array(RANDOM_NAME_BYTES)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * @param {string} task
 * @param {unknown} run
 * @param {unknown} name
 */
function checkOffer(task, run, name) {
  if (typeof run !== "function") throw new TaskbahnError(`offer takes a function that is the task ${task}, and not ${run}`);
  if (typeof name !== "string" || !OFFER_NAME.test(name)) {
    throw new TaskbahnError(`'${name}' cannot name a worker: use 1 to 64 letters, digits, '_' or '-'`, "taskbahn.error.invalid_name", { name });
  }
  if (TASK_NAME.test(task) && task.length <= MAX_TASK_NAME) return;
  const rule = "use dotted words of lower-case letters, digits and '_', such as images.thumbnail, and none that starts with taskbahn, wamp or crossbar";
  throw new TaskbahnError(`'${task}' cannot name a task: ${rule}`, "taskbahn.error.invalid_name", { name: task });
}
