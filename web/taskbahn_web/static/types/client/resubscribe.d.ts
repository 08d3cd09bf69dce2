/**
 * @param {import("./connection.js").Connection} connection
 * @param {(session: import("./wamp.js").Session) => Promise<() => void>} make  resolves to what undoes it
 * @param {(error: unknown) => void} [onRefused]  what a later session refuses
 * @returns {Promise<() => void>}  when it is made for the first time: what ends it for good; rejects if that is refused
 */
export function resubscribe(connection: import("./connection.js").Connection, make: (session: import("./wamp.js").Session) => Promise<() => void>, onRefused?: (error: unknown) => void): Promise<() => void>;
