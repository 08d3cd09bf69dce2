/**
 * @param {import("./connection.js").Connection} connection
 * @returns {() => void}  stops it
 */
export function pulse(connection: import("./connection.js").Connection): () => void;
