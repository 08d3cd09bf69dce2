/**
 * @param {import("../taskbahn.js").Bahn} bahn
 * @returns {number}  seconds since the epoch
 */
export function nowOf(bahn: import("../taskbahn.js").Bahn): number;
