/** The connections of elements that were given none: one for each address, kept for a moment after the last element has gone. */

import { Bahn } from "../taskbahn.js";

const LINGER_SECONDS = 5; // seconds

/** @type {Map<string, {bahn: Bahn, users: number, timer: ReturnType<typeof setTimeout> | undefined}>} */
const connections = new Map();

/**
 * @param {string} address  of the router's WebSocket, from where the page is; "" for the one that this module came from
 * @returns {{bahn: Bahn, giveBack: () => void}}
 */
export function borrowConnection(address) {
  const url = address && globalThis.document ? new URL(address, document.baseURI).href : address;
  const entry = connections.get(url) ?? { bahn: new Bahn(url ? { url } : {}), users: 0, timer: undefined };
  connections.set(url, entry);
  clearTimeout(entry.timer);
  entry.users++;
  let isBack = false;
  const giveBack = () => {
    if (isBack) return;
    isBack = true;
    if (--entry.users) return;
    entry.timer = setTimeout(() => {
      connections.delete(url);
      entry.bahn.close();
    }, LINGER_SECONDS * 1000);
  };
  return { bahn: entry.bahn, giveBack };
}
