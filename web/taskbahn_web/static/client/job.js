/** One accepted job, as whoever started it holds it. */

import { again } from "./again.js";
import { fromInfo, TaskbahnError } from "./errors.js";
import { watch } from "./watch.js";
import { JOB_CANCEL } from "./wire.js";

/**
 * @typedef {import("./wire.js").Event
 *   | {kind: "snapshot", data: import("./wire.js").JobView}
 *   | {kind: "outcome", data: import("./wire.js").JobView}} JobEvent
 */

const URI_OF = { failed: "job_failed", cancelled: "job_cancelled", expired: "job_expired" };

export class Job {
  #connection;
  /** @type {Promise<any> | undefined} */
  #result;
  /** @type {import("./watch.js").Watch | undefined} */
  #watch;
  /** @type {Set<(progress: import("./wire.js").Progress) => void>} */
  #listeners = new Set();

  /**
   * @param {import("./connection.js").Connection} connection
   * @param {string} id
   */
  constructor(connection, id) {
    this.#connection = connection;
    this.id = id;
  }

  /**
   * Everything that happens to the job: the snapshot, then every event, then the outcome. Survives reconnects.
   * @param {number} [after]  the number of the last event that is known
   * @returns {AsyncGenerator<JobEvent, void, void>}
   */
  async *events(after = 0) {
    /** @type {JobEvent[]} */
    let queue = [];
    let wake = () => {};
    const put = (/** @type {JobEvent[]} */ events) => {
      queue.push(...events);
      wake();
    };
    let shown = false;
    const onSnapshot = (/** @type {import("./wire.js").JobView} */ data) => {
      if (!shown) put([{ kind: "snapshot", data }]);
      shown = true;
    };
    const watching = watch(this.#connection, this.id, { onSnapshot, onEvents: put }, after);
    /** @type {unknown} */
    let failure;
    let isOver = false;
    watching.outcome
      .then((data) => put([{ kind: "outcome", data }]), (error) => (failure = error))
      .finally(() => ((isOver = true), wake()));
    try {
      for (;;) {
        const batch = queue;
        queue = [];
        yield* batch;
        if (queue.length) continue;
        if (failure) throw failure;
        if (isOver) return;
        await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      watching.stop();
    }
  }

  /**
   * @param {(progress: import("./wire.js").Progress) => void} listener
   * @returns {() => void}  stops it
   */
  onProgress(listener) {
    this.#listeners.add(listener);
    this.#follow().catch(() => {});
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Wait for the end.
   * @returns {Promise<any>}  what the task returned; rejects with a `TaskbahnError` if it did not succeed
   */
  result() {
    return this.#follow();
  }

  /**
   * @param {string} [reason]
   * @returns {Promise<import("./wire.js").State>}  the state after it
   */
  async cancel(reason = "") {
    const [answer] = await again(this.#connection, (session) => session.call(JOB_CANCEL, [[this.id]], { reason }).result);
    if (typeof answer === "object") throw fromInfo(answer);
    return answer;
  }

  #follow() {
    if (!this.#result) {
      const tell = (/** @type {import("./wire.js").Progress | null | undefined} */ progress) => {
        if (progress) for (const listener of this.#listeners) listener(progress);
      };
      this.#watch = watch(this.#connection, this.id, {
        onSnapshot: ({ progress }) => tell(progress),
        onEvents: (events) => tell(events.findLast(({ kind }) => kind === "progress")?.data),
      });
      this.#result = this.#watch.outcome.then(value);
    }
    return this.#result;
  }
}

/**
 * @param {import("./wire.js").JobView} job
 * @returns {unknown}
 */
function value(job) {
  if (job.state === "succeeded") return job.result;
  const { type, message } = job.error ?? {};
  const text = [type, message ?? `job ${job.id} ${job.state}`].filter(Boolean).join(": ");
  const uri = "taskbahn.error." + URI_OF[/** @type {keyof typeof URI_OF} */ (job.state)];
  throw new TaskbahnError(text, uri, { job: job.id, state: job.state, ...job.error });
}
