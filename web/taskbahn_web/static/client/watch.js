/**
 * Watching one job: a snapshot, then every numbered event once, then the job as it ended.
 * After a reconnect it asks again with the last number it saw, so nothing is missed and nothing comes twice.
 */

import { again } from "./again.js";
import { JOB_WATCH } from "./wire.js";

/**
 * @typedef {object} Watcher
 * @property {(job: import("./wire.js").JobView) => void} [onSnapshot]  once on each session
 * @property {(events: import("./wire.js").Event[]) => void} [onEvents]
 *
 * @typedef {object} Watch
 * @property {Promise<import("./wire.js").JobView>} outcome  the job, when it has ended; never settles once stopped
 * @property {() => void} stop
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} id
 * @param {Watcher} watcher
 * @param {number} [after]  the number of the last event that is known
 * @returns {Watch}
 */
export function watch(connection, id, watcher, after = 0) {
  let isStopped = false;
  /** @type {import("./wamp.js").PendingCall | null} */
  let call = null;

  const take = (/** @type {{snapshot?: import("./wire.js").JobView, events?: import("./wire.js").Event[]}} */ message) => {
    if (isStopped) return;
    if (message.snapshot) watcher.onSnapshot?.(message.snapshot);
    const events = (message.events ?? []).filter(({ kind, number }) => kind === "progress" || number > after);
    if (!events.length) return;
    after = Math.max(after, ...events.map(({ number }) => number));
    watcher.onEvents?.(events);
  };

  const outcome = again(connection, (session) => {
    if (isStopped) return new Promise(() => {});
    call = session.call(JOB_WATCH, [id], { after }, take);
    return call.result;
  }).catch((error) => (isStopped ? new Promise(() => {}) : Promise.reject(error)));

  return {
    outcome,
    stop() {
      isStopped = true;
      call?.cancel("killnowait");
    },
  };
}
