/** Repeats calls that are safe to repeat, while the connection or the dispatcher comes back. */

import { TaskbahnError } from "./errors.js";

const MAX_PAUSE_SECONDS = 2; // seconds
const STARTUP_SECONDS = 30; // seconds that a router may be up without its dispatcher

/**
 * Do *attempt* with a session, over and over until it works or fails for a reason that will not pass.
 * @template T
 * @param {import("./connection.js").Connection} connection
 * @param {(session: import("./wamp.js").Session) => Promise<T>} attempt
 * @returns {Promise<T>}
 */
export async function retryCall(connection, attempt) {
  const began = Date.now() / 1000;
  for (let pause = 0.1; ; pause = Math.min(pause * 2, MAX_PAUSE_SECONDS)) {
    const session = await connection.session();
    try {
      return await attempt(session);
    } catch (error) {
      if (!(error instanceof TaskbahnError) || connection.state === "closed") throw error;
      const isStarting = error.uri === "wamp.error.no_such_procedure" && Date.now() / 1000 - began < STARTUP_SECONDS;
      if (!error.isPassing && !isStarting) throw error;
      if (!error.isConnectionLost) await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  }
}
