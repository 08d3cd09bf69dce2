/** Named queries: those that everybody has, and those that somebody keeps in this browser. */

import { signal } from "@preact/signals";

/** @typedef {{name: string, q: string}} View */

/** @type {View[]} */
export const BUILT_IN = [
  { name: "All", q: "" },
  { name: "Running", q: "state:running" },
  { name: "Waiting", q: "state:ready,waiting" },
  { name: "Failed", q: "state:failed" },
];

const KEY = "taskbahn.views";
const MOST = 30;

/** @type {import("@preact/signals").Signal<View[]>} */
export const saved = signal(read());

globalThis.addEventListener?.("storage", ({ key }) => key === KEY && (saved.value = read())); // another tab

/** Keep a view; one of the same name is replaced. @param {View} view */
export function save(view) {
  put([...saved.value.filter(({ name }) => name !== view.name), view].slice(-MOST));
}

/** Give a view up. @param {string} name @returns {() => void}  undoes it */
export function forget(name) {
  const before = saved.value;
  put(before.filter((view) => view.name !== name));
  return () => put(before);
}

/** @param {View[]} views */
function put(views) {
  saved.value = views;
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    // a browser that keeps nothing; they last as long as the page
  }
}

/** @returns {View[]} */
function read() {
  try {
    const views = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(views) ? views.filter((view) => typeof view?.name === "string" && typeof view?.q === "string") : [];
  } catch {
    return [];
  }
}
