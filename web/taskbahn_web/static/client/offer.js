/** Being a worker: a registration `taskbahn.offer_job.<task>`, made again on every session. */

import { TaskbahnError } from "./errors.js";
import { renewed } from "./renewed.js";
import { MAX_TASK_NAME, OFFER_JOB_PREFIX, TASK_NAME } from "./wire.js";

/**
 * @typedef {object} Context  what an offered task is given beside its arguments
 * @property {Record<string, unknown>} kwargs
 * @property {(progress: number | import("./wire.js").Progress) => void} progress  a fraction from 0 to 1, or more than that
 * @property {AbortSignal} signal  aborts when nobody wants the result any more: the job was cancelled or ran longer than it may, the
 *   connection was lost, the offer was withdrawn
 * @property {string} job  its id
 * @property {number} attempt  counts from 1
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} task
 * @param {(args: unknown[], context: Context) => unknown} run
 * @returns {Promise<() => void>}  withdraws it
 */
export async function offer(connection, task, run) {
  check(task, run);
  return renewed(connection, (session) =>
    session.register(OFFER_JOB_PREFIX + task, ([{ job, attempt }, ...args], kwargs, progress, signal) =>
      run(args, { kwargs, progress, signal, job, attempt }),
    ),
  );
}

/**
 * @param {string} task
 * @param {unknown} run
 */
function check(task, run) {
  if (typeof run !== "function") throw new TaskbahnError(`offer takes a function that is the task ${task}, and not ${run}`);
  if (TASK_NAME.test(task) && task.length <= MAX_TASK_NAME) return;
  const rule = "use dotted words of lower-case letters, digits and '_', such as images.thumbnail, and none that starts with taskbahn, wamp or crossbar";
  throw new TaskbahnError(`'${task}' cannot name a task: ${rule}`, "taskbahn.error.invalid_name", { name: task });
}
