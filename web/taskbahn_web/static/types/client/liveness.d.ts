/**
 * @param {import("./connection.js").Connection} connection
 * @returns {() => void}  stops it
 */
export function watchLiveness(connection: import("./connection.js").Connection): () => void;
