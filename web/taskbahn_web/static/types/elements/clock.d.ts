/**
 * @param {import("../taskbahn.js").Bahn} bahn
 * @returns {number}  seconds since the epoch
 */
export function nodeTime(bahn: import("../taskbahn.js").Bahn): number;
