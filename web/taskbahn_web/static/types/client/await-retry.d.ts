/**
 * Call *onRetry* once, when an ended job is tried again. The topic tells it; the job itself is asked on every session, after the subscription,
 * for a retry may come before the subscription or while there is no connection.
 * @param {import("./connection.js").Connection} connection
 * @param {string} id
 * @param {() => void} onRetry
 * @returns {() => void}  stops it
 */
export function awaitRetry(connection: import("./connection.js").Connection, id: string, onRetry: () => void): () => void;
