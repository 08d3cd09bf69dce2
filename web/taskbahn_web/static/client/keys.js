/**
 * The keys by which a page encrypts and decrypts, from end to end: the router has none of them. They stay in the memory of the page. Form and
 * names are those of `taskbahn/encryption/`.
 */

import { TaskbahnError } from "./errors.js";

const NAME = /^[A-Za-z0-9_-]{1,40}$/;
const SCOPE = /^(?:\*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const DATA = /^[A-Za-z0-9_-]+$/;
const VERSION = "1";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/**
 * @typedef {object} Envelope
 * @property {string} purpose  what the value is: arguments, result, error, log, progress, chunk, question, note, message, answer
 * @property {string} key  the name of the key
 * @property {string} scope  the id of the job to which it belongs, or `*`
 * @property {string} data
 */

export class KeyRing {
  /** In their order: the first one encrypts. @type {Map<string, Promise<CryptoKey>>} */
  #keys = new Map();

  /** @param {Record<string, string>} [keys]  by name, each as base64 */
  constructor(keys = {}) {
    for (const [name, key] of Object.entries(keys)) this.add(name, key);
  }

  /** Whether there are none. */
  get isEmpty() {
    return this.#keys.size === 0;
  }

  /** @returns {string[]} */
  get names() {
    return [...this.#keys.keys()];
  }

  /** @param {string} name */
  has(name) {
    return this.#keys.has(name);
  }

  /**
   * Add a key, or replace the one of that name; throws a `TaskbahnError`, in which no key is.
   * @param {string} name
   * @param {string} key  as base64, as `taskbahn keyring new` prints it
   */
  add(name, key) {
    if (!NAME.test(name)) throw refusal("the name of a key has 1 to 40 letters, digits, '_' and '-', as k1 has");
    const data = bytesOf(key);
    if (data?.length !== KEY_BYTES) throw refusal(`key ${name} is no key: it is ${KEY_BYTES} bytes as base64, as \`taskbahn keyring new\` makes it`);
    if (!globalThis.crypto?.subtle) throw refusal("this page cannot decrypt: browsers do so on https: pages and on localhost alone");
    this.#keys.set(name, crypto.subtle.importKey("raw", data, "AES-GCM", false, ["encrypt", "decrypt"]));
  }

  /** Forget all of them. */
  clear() {
    this.#keys.clear();
  }

  /**
   * @param {string} text
   * @param {string} purpose
   * @param {string} scope
   * @param {string} [more]  the task of arguments, the name of a question
   * @param {string} [name]  of the key; the first one if it is left out
   * @returns {Promise<{$encrypted: string}>}
   */
  async encrypt(text, purpose, scope, more = "", name = this.names[0]) {
    const key = this.#keys.get(name);
    if (!key) throw missing(name);
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const algorithm = { name: "AES-GCM", iv, additionalData: associated(purpose, name, scope, more) };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, await key, new TextEncoder().encode(text)));
    return { $encrypted: [VERSION, purpose, name, scope, encoded([...iv, ...sealed])].join(".") };
  }

  /**
   * @param {Envelope} envelope
   * @param {string} [more]
   * @returns {Promise<string>}  rejects with a `TaskbahnError` if there is no such key, or if it is not what was encrypted for this place
   */
  async decrypt({ purpose, key: name, scope, data }, more = "") {
    const key = this.#keys.get(name);
    if (!key) throw missing(name);
    const sealed = bytesOf(data) ?? new Uint8Array();
    const algorithm = { name: "AES-GCM", iv: sealed.slice(0, NONCE_BYTES), additionalData: associated(purpose, name, scope, more) };
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(await crypto.subtle.decrypt(algorithm, await key, sealed.slice(NONCE_BYTES)));
    } catch {
      throw failed(`what key ${name} has encrypted cannot be decrypted: it was changed on its way, it belongs to another place, or the key of that name is another one here`, name);
    }
  }
}

/**
 * The envelope that a value is; null: it is something else.
 * @param {unknown} value
 * @param {string} [purpose]  only one of it
 * @returns {Envelope | null}
 */
export function envelopeOf(value, purpose) {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return null;
  const text = /** @type {{$encrypted?: unknown}} */ (value).$encrypted;
  if (typeof text !== "string") return null;
  const [version, what, key, scope, data, ...others] = text.split(".");
  const isOne = version === VERSION && NAME.test(key ?? "") && SCOPE.test(scope ?? "") && DATA.test(data ?? "") && !others.length;
  return isOne && (purpose === undefined || what === purpose) ? { purpose: what, key, scope, data } : null;
}

/** The same of the JSON in the place of a text. @param {unknown} text @param {string} [purpose] */
export function envelopeIn(text, purpose) {
  if (typeof text !== "string" || !text.startsWith('{"$encrypted":')) return null;
  try {
    return envelopeOf(JSON.parse(text), purpose);
  } catch {
    return null; // it was cut
  }
}

/** @param {string} key */
export function missing(key) {
  return failed(`this is encrypted with key ${key}, which this page lacks: give it as connect({ keys: { ${key}: "…" } })`, key);
}

/** @param {string} sentence @param {string} key */
function failed(sentence, key) {
  return new TaskbahnError(sentence, "taskbahn.error.decryption_failed", { key });
}

/** @param {string} sentence */
function refusal(sentence) {
  return new TaskbahnError(sentence, "taskbahn.error.invalid_option");
}

/** @param {string} purpose @param {string} key @param {string} scope @param {string} more */
function associated(purpose, key, scope, more) {
  return new TextEncoder().encode(["taskbahn", VERSION, purpose, key, scope, more].join("\n"));
}

/** @param {string} text  base64 of either alphabet @returns {Uint8Array<ArrayBuffer> | null} */
function bytesOf(text) {
  try {
    return Uint8Array.from(atob(String(text).trim().replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

const CHUNK = 8192; // arguments of one call

/** @param {number[]} bytes */
function encoded(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.slice(at, at + CHUNK));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
