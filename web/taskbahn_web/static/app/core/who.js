/** The name under which the reader changes things; kept in this browser. */

import { signal } from "@preact/signals";

const STORAGE_KEY = "taskbahn.who";
export const MAX_WHO_LENGTH = 200; // characters, as the node keeps

/** Empty if the reader gave none. @type {import("@preact/signals").Signal<string>} */
export const who = signal(storedName());

/** What others see of who did something: the reader's name, or at least from where. */
export function nameShown() {
  return who.peek().trim() || "the dashboard";
}

/** @param {string} name */
export function keepName(name) {
  who.value = name;
  try {
    localStorage.setItem(STORAGE_KEY, name);
  } catch {
    // In a browser without storage it lasts as long as the page.
  }
}

function storedName() {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? "";
  } catch {
    return "";
  }
}
