/** The keys that people give to this page, to read encrypted jobs. They are in its memory alone: a page that is loaded again has none. */

import { signal } from "@preact/signals";

import { KeyRing, sentence } from "../../taskbahn.js";

export const ring = new KeyRing();

/** Changes with the keys, so that what is shown is asked again. */
export const keysVersion = signal(0);

/**
 * @param {string} name
 * @param {string} key  as base64, or as `taskbahn keyring new` prints it, with its name before
 * @returns {string}  a sentence about what is wrong with it
 */
export function giveKey(name, key) {
  const [given, ...rest] = key.trim().split("=");
  const isNamed = given === name && rest.length > 0;
  try {
    ring.add(name, isNamed ? rest.join("=") : key);
  } catch (error) {
    return sentence(error);
  }
  keysVersion.value++;
  return "";
}

/** Show ciphertext again. */
export function forgetKeys() {
  ring.clear();
  keysVersion.value++;
}
