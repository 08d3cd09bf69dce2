/** Named queries: the built-in ones, and those that this browser has saved. */

import { signal } from "@preact/signals";

/** @typedef {{name: string, q: string}} View */

/** @type {View[]} */
export const BUILT_IN_VIEWS = [
  { name: "All", q: "" },
  { name: "Running", q: "state:running" },
  { name: "Waiting", q: "state:ready,waiting" },
  { name: "Failed", q: "state:failed" },
];

const STORAGE_KEY = "taskbahn.views";
const MAX_VIEWS = 30;

/** @type {import("@preact/signals").Signal<View[]>} */
export const savedViews = signal(readViews());

globalThis.addEventListener?.("storage", ({ key }) => key === STORAGE_KEY && (savedViews.value = readViews())); // another tab

/** Keep a view; one of the same name is replaced. @param {View} view */
export function saveView(view) {
  storeViews([...savedViews.value.filter(({ name }) => name !== view.name), view].slice(-MAX_VIEWS));
}

/** Give a view up. @param {string} name @returns {() => void}  undoes it */
export function forgetView(name) {
  const before = savedViews.value;
  storeViews(before.filter((view) => view.name !== name));
  return () => storeViews(before);
}

/** @param {View[]} views */
function storeViews(views) {
  savedViews.value = views;
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(views));
  } catch {
    // In a browser without storage they last as long as the page.
  }
}

/** @returns {View[]} */
function readViews() {
  try {
    const views = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(views) ? views.filter((view) => typeof view?.name === "string" && typeof view?.q === "string") : [];
  } catch {
    return [];
  }
}
