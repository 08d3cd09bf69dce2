/** The token of a connection: asked for when a session opens, and again before it ends. */

import { textOf } from "./login.js";

/**
 * What the token of a browser says of itself.
 * @typedef {{id: string, seconds: number, isForeign?: boolean}} BrowserToken  seconds: its lifetime by the node's clock, which alone counts;
 * isForeign: another issuer than a node has made it, maybe long ago: a library keeps it until just before its end
 */

const OWN_ISSUER = "taskbahn";
const OF_ONE_TOKEN = new Set(["iat", "exp", "jti"]);

export class TokenSource {
  #token;
  /** The newest, and when it came: the same text again is no younger. */
  #newest = { text: "", at: 0 };

  /** @param {import("./login.js").Token} token */
  constructor(token) {
    this.#token = token;
  }

  /** Whether there may be another token, and not this one alone. */
  get isFunction() {
    return typeof this.#token === "function";
  }

  /** @returns {Promise<string>} */
  async text() {
    const asked = performance.now(); // the node signs it after this; no clock of the page is asked, which may be off
    const text = await textOf(this.#token);
    if (text !== this.#newest.text) this.#newest = { text, at: asked };
    return text;
  }

  /** Take another text from now on. @param {import("./login.js").Token} token */
  replace(token) {
    this.#token = token;
  }

  /** Seconds since the newest token was asked for. */
  get age() {
    return (performance.now() - this.#newest.at) / 1000;
  }

  /** What the newest token says. */
  get newest() {
    return readToken(this.#newest.text);
  }
}

/**
 * @param {string} text
 * @returns {BrowserToken | null}  null: it is no token of a browser
 */
export function readToken(text) {
  const { iss, iat, exp, jti } = claimsOf(text);
  const seconds = Number(exp) - Number(iat);
  if (typeof iss === "string" && iss !== OWN_ISSUER) return foreign(text, Number(exp), seconds);
  return typeof jti === "string" && Number.isFinite(seconds) && seconds > 0 ? { id: jti, seconds } : null;
}

/**
 * @param {string} text
 * @param {number} end  seconds since the epoch
 * @param {number} lifetime  seconds
 * @returns {BrowserToken | null}
 */
function foreign(text, end, lifetime) {
  if (!(Number.isFinite(lifetime) && lifetime > 0)) return null;
  const left = end - Date.now() / 1000;
  return { id: text, seconds: left > 0 && left < lifetime ? left : lifetime, isForeign: true }; // a clock that is far off is not asked
}

/**
 * What a token allows, to be compared with what another one does: two that differ in their times and ids alone have the same.
 * @param {string} text
 * @returns {string}
 */
export function scopeOf(text) {
  const claims = Object.entries(claimsOf(text)).filter(([name]) => !OF_ONE_TOKEN.has(name));
  return readToken(text) ? JSON.stringify(claims) : text;
}

/** @param {string} text @returns {Record<string, unknown>} */
function claimsOf(text) {
  const parts = text.split(".");
  if (parts.length !== 3) return {};
  try {
    const claims = JSON.parse(atob(parts[1].replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
