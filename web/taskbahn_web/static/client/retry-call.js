/** Asking again what is safe to ask twice, while the connection or the dispatcher comes back. */

import { TaskbahnError } from "./errors.js";

const LONGEST_PAUSE = 2; // seconds
const STARTING = 30; // seconds that a router may be up without its dispatcher

/**
 * Do *attempt* with a session, over and over until it works or fails for a reason that will not pass.
 * @template T
 * @param {import("./connection.js").Connection} connection
 * @param {(session: import("./wamp.js").Session) => Promise<T>} attempt
 * @returns {Promise<T>}
 */
export async function again(connection, attempt) {
  const began = Date.now() / 1000;
  for (let pause = 0.1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const session = await connection.session();
    try {
      return await attempt(session);
    } catch (error) {
      if (!(error instanceof TaskbahnError) || connection.state === "closed") throw error;
      const isStarting = error.uri === "wamp.error.no_such_procedure" && Date.now() / 1000 - began < STARTING;
      if (!error.isPassing && !isStarting) throw error;
      if (!error.isConnectionLost) await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
  }
}
