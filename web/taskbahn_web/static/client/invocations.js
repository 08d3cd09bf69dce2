/** The invocations that a session runs for the router. Each has an AbortSignal, which aborts when its answer is no longer wanted. */

import { connectionLost, TaskbahnError } from "./errors.js";

const CANCELED = "wamp.error.canceled";

export class Invocations {
  /** By request. @type {Map<number, {procedure: string, stopper: AbortController}>} */
  #running = new Map();

  /**
   * Run something until it is done or aborted, whichever comes first.
   * @param {number} request
   * @param {string} procedure
   * @param {(signal: AbortSignal) => unknown} work
   * @returns {Promise<unknown>}  rejects with the signal's reason when it is aborted
   */
  async run(request, procedure, work) {
    const stopper = new AbortController();
    const { signal } = stopper;
    this.#running.set(request, { procedure, stopper });
    try {
      return await new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        resolveWith(work, signal).then(resolve, reject);
      });
    } finally {
      this.#running.delete(request);
    }
  }

  /**
   * The router gave one up.
   * @param {number} request
   */
  interrupt(request) {
    const why = "the result is no longer wanted: the job was cancelled, or ran longer than it may";
    this.#running.get(request)?.stopper.abort(new TaskbahnError(why, CANCELED));
  }

  /**
   * It is no longer offered, so the router takes no answer either.
   * @param {string} procedure
   */
  withdraw(procedure) {
    for (const run of [...this.#running.values()]) {
      if (run.procedure === procedure) run.stopper.abort(new TaskbahnError("the offer was withdrawn", CANCELED));
    }
  }

  /** The connection is lost, and nothing can be answered. */
  lose() {
    for (const { stopper } of [...this.#running.values()]) stopper.abort(connectionLost("the connection to the router was lost"));
  }
}

/**
 * @param {(signal: AbortSignal) => unknown} work  may throw at once
 * @param {AbortSignal} signal
 */
async function resolveWith(work, signal) {
  return work(signal);
}
