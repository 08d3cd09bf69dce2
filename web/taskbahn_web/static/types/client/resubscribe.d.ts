/**
 * @param {import("./connection.js").Connection} connection
 * @param {(session: import("./wamp.js").Session) => Promise<() => void>} make  resolves to what undoes it
 * @returns {Promise<() => void>}  when it is made for the first time: what ends it for good; rejects if that is refused
 */
export function resubscribe(connection: import("./connection.js").Connection, make: (session: import("./wamp.js").Session) => Promise<() => void>): Promise<() => void>;
