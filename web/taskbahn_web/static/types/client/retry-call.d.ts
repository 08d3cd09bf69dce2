/**
 * Do *attempt* with a session, over and over until it works or fails for a reason that will not pass.
 * @template T
 * @param {import("./connection.js").Connection} connection
 * @param {(session: import("./wamp.js").Session) => Promise<T>} attempt
 * @returns {Promise<T>}
 */
export function retryCall<T>(connection: import("./connection.js").Connection, attempt: (session: import("./wamp.js").Session) => Promise<T>): Promise<T>;
