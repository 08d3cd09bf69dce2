/** The connections of elements that were given none: one for each address and token, kept for a moment after the last element has gone. */

import { scopeOf } from "../client/token-source.js";
import { Bahn } from "../taskbahn.js";

const LINGER_SECONDS = 5; // seconds

/**
 * @typedef {object} Login  how an element logs in
 * @property {string} [token]  the text of a token; with `tokenUrl` the first one
 * @property {string} [tokenUrl]  where the page's backend gives tokens, from where the page is
 *
 * @typedef {{bahn: Bahn, key: string, token: string, users: number, timer: ReturnType<typeof setTimeout> | undefined}} Entry
 */

/** @type {Map<string, Entry>} */
const connections = new Map();

/**
 * @param {string} address  of the router's WebSocket, from where the page is; "" for the one that this module came from
 * @param {Login} [login]
 * @returns {{bahn: Bahn, giveBack: () => void, renew: (token: string) => boolean}}  renew: go on with another token; false: it is for another connection
 */
export function borrowConnection(address, { token = "", tokenUrl = "" } = {}) {
  const [url, source] = [absolute(address), absolute(tokenUrl)];
  const key = keyOf(url, source, token);
  const entry = connections.get(key) ?? { bahn: open(url, source, token), key, token, users: 0, timer: undefined };
  connections.set(key, entry);
  clearTimeout(entry.timer);
  entry.users++;
  let isBack = false;
  const giveBack = () => {
    if (isBack) return;
    isBack = true;
    if (--entry.users) return;
    entry.timer = setTimeout(() => {
      connections.delete(entry.key);
      entry.bahn.close();
    }, LINGER_SECONDS * 1000);
  };
  const renew = (/** @type {string} */ newest) => {
    if (!newest || !entry.token || source) return false;
    if (newest === entry.token) return true; // another element with it has said so
    const later = keyOf(url, source, newest);
    if (connections.has(later) || (entry.users > 1 && scopeOf(newest) !== scopeOf(entry.token))) return false;
    connections.delete(entry.key);
    Object.assign(entry, { key: later, token: newest });
    connections.set(later, entry);
    entry.bahn.setToken(newest);
    return true;
  };
  return { bahn: entry.bahn, giveBack, renew };
}

/** @param {string} url @param {string} source @param {string} token */
function keyOf(url, source, token) {
  return JSON.stringify(source ? [url, source] : [url, "", token]);
}

/** @param {string} url @param {string} source @param {string} token */
function open(url, source, token) {
  let first = token;
  const next = () => {
    const text = first;
    first = "";
    return text || fetch(source, { cache: "no-store", credentials: "same-origin" });
  };
  const login = source ? { token: next } : token ? { token } : {};
  return new Bahn({ ...(url && { url }), ...login });
}

/** @param {string} address  from where the page is */
function absolute(address) {
  return address && globalThis.document ? new URL(address, document.baseURI).href : address;
}
