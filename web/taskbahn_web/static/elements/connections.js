/** The connections of elements that were given none: one for each address, kept for a moment after the last element has gone. */

import { Bahn } from "../taskbahn.js";

const LINGER = 5; // seconds

/** @type {Map<string, {bahn: Bahn, users: number, timer: ReturnType<typeof setTimeout> | undefined}>} */
const shared = new Map();

/**
 * @param {string} url  of the router's WebSocket; "" for the one that this module came from
 * @returns {{bahn: Bahn, giveBack: () => void}}
 */
export function borrow(url) {
  const entry = shared.get(url) ?? { bahn: new Bahn(url ? { url } : {}), users: 0, timer: undefined };
  shared.set(url, entry);
  clearTimeout(entry.timer);
  entry.users++;
  let isBack = false;
  const giveBack = () => {
    if (isBack) return;
    isBack = true;
    if (--entry.users) return;
    entry.timer = setTimeout(() => {
      shared.delete(url);
      entry.bahn.close();
    }, LINGER * 1000);
  };
  return { bahn: entry.bahn, giveBack };
}
