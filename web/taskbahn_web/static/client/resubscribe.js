/** Makes subscriptions and registrations again on every session. */

import { connectionLost, TaskbahnError } from "./errors.js";

const PROCEDURE_TAKEN = "wamp.error.procedure_already_exists"; // by the session that was just lost, for a moment
const RETRY_PAUSE_SECONDS = 1; // seconds

/**
 * @param {import("./connection.js").Connection} connection
 * @param {(session: import("./wamp.js").Session) => Promise<() => void>} make  resolves to what undoes it
 * @param {(error: unknown) => void} [onRefused]  what a later session refuses
 * @returns {Promise<() => void>}  when it is made for the first time: what ends it for good; rejects if that is refused
 */
export function resubscribe(connection, make, onRefused = sayRefused) {
  let isStopped = false;
  let wasMade = false;
  let undo = () => {};
  /** @type {import("./wamp.js").Session | null} */
  let current = null;
  return new Promise((resolve, reject) => {
    const renew = async (/** @type {import("./wamp.js").Session} */ session) => {
      try {
        const made = await make(session);
        if (isStopped) return made();
        undo = made;
        wasMade = true;
        resolve(end);
      } catch (error) {
        const isLost = error instanceof TaskbahnError && error.isConnectionLost;
        if (isLost || isStopped) return;
        if (wasMade && error instanceof TaskbahnError && error.uri === PROCEDURE_TAKEN) {
          return void setTimeout(() => isStopped || current !== session || void renew(session), RETRY_PAUSE_SECONDS * 1000);
        }
        stop();
        if (wasMade) onRefused(error);
        reject(error);
      }
    };
    const stopRenewals = connection.onSession((session) => void renew((current = session)));
    const stopStates = connection.onState((state) => {
      if (state !== "closed") return;
      stop();
      reject(connectionLost("the connection is closed"));
    });
    const stop = () => {
      stopRenewals();
      stopStates();
    };
    const end = () => {
      isStopped = true;
      stop();
      undo();
    };
    if (connection.state === "closed") {
      stop();
      reject(connectionLost("the connection is closed"));
    }
  });
}

/** @param {unknown} error */
function sayRefused(error) {
  console.error("Taskbahn: the router no longer takes a subscription or an offer:", error);
}
