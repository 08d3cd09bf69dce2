/**
 * @param {import("../taskbahn.js").Bahn} bahn
 * @param {number | null} [at]  seconds since the epoch by the page's clock; now if left out
 * @returns {number}  seconds since the epoch
 */
export function nodeTime(bahn: import("../taskbahn.js").Bahn, at?: number | null): number;
