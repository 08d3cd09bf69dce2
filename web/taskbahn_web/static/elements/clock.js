/** The node's time, for a browser whose own clock may be wrong: the difference is asked for once on each connection. */

import { VIEW_STATUS } from "../client/wire.js";

/** Seconds by which the node's clock is ahead. @type {WeakMap<import("../taskbahn.js").Bahn, {offset: number}>} */
const clocks = new WeakMap();

/**
 * @param {import("../taskbahn.js").Bahn} bahn
 * @param {number | null} [at]  seconds since the epoch by the page's clock; now if left out
 * @returns {number}  seconds since the epoch
 */
export function nodeTime(bahn, at = null) {
  let clock = clocks.get(bahn);
  if (!clock) {
    clocks.set(bahn, (clock = { offset: 0 }));
    void measureOffset(bahn, clock);
  }
  return (at ?? Date.now() / 1000) + clock.offset;
}

/**
 * @param {import("../taskbahn.js").Bahn} bahn
 * @param {{offset: number}} clock
 */
async function measureOffset(bahn, clock) {
  try {
    const { now } = await bahn.ask(VIEW_STATUS);
    clock.offset = now - Date.now() / 1000;
  } catch {
    // then this clock must do
  }
}
