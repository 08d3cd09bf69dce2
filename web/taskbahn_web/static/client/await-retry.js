/** Hears that a job which has ended is retried. */

import { retryCall } from "./retry-call.js";
import { resubscribe } from "./resubscribe.js";
import { FINAL_STATES } from "./states.js";
import { JOB_GET, JOB_TOPIC } from "./wire.js";

/**
 * Call *onRetry* once, when an ended job is tried again. The topic tells it; the job itself is asked on every session, after the subscription,
 * for a retry may come before the subscription or while there is no connection.
 * @param {import("./connection.js").Connection} connection
 * @param {string} id
 * @param {() => void} onRetry
 * @returns {() => void}  stops it
 */
export function awaitRetry(connection, id, onRetry) {
  let isOver = false;
  let end = () => {};
  const stop = () => {
    if (isOver) return;
    isOver = true;
    end();
  };
  const take = (/** @type {import("./wire.js").State} */ state) => {
    if (isOver || FINAL_STATES.has(state)) return;
    stop();
    onRetry();
  };
  const hear = (/** @type {import("./wire.js").Event[]} */ events) => {
    const moved = events.findLast(({ kind }) => kind === "state");
    if (moved) take(moved.data.state);
  };
  const ask = () => retryCall(connection, (session) => session.call(JOB_GET, [id]).result);
  const subscribed = resubscribe(connection, async (session) => {
    const undo = await session.subscribe(JOB_TOPIC + id, hear);
    if (!isOver) ask().then(({ state }) => take(state), () => {}); // a job that was deleted is not tried again
    return undo;
  }, () => {}); // another token of the page may not see this job
  subscribed.then(
    (undo) => {
      end = undo;
      if (isOver) undo();
    },
    () => {}, // the connection is closed, or may not subscribe: then the job stays as it ended
  );
  return stop;
}
