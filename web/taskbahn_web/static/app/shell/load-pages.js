/** Loads the pages: each when the reader goes to it, and all of them at the reader's first input. */

import { signal } from "@preact/signals";

import { onLive } from "../data/live.js";
import { PAGES } from "./page-table.js";

/** @typedef {import("./page-table.js").Component} Component */

/** By the word in the address; the page about one thing by that word and `/one`. @type {Map<string, () => Promise<Component>>} */
const LOADERS = new Map();
for (const { page, load, loadOne } of PAGES) {
  LOADERS.set(page, load);
  if (loadOne) LOADERS.set(detailPage(page), loadOne);
}

/** The loaded pages. @type {import("@preact/signals").Signal<Record<string, Component>>} */
const loadedPages = signal({});

/** Pages that the reader wants to see, or soon may. @type {Set<string>} */
const wantedPages = new Set();

/** @type {Set<string>} */
const loadingPages = new Set();

/**
 * @param {import("../core/route.js").Route} route
 * @returns {string | null}  which of the pages it is; null if there is no such page
 */
export function pageName({ page, id }) {
  const name = id ? detailPage(page) : page;
  return LOADERS.has(name) ? name : null;
}

/**
 * A page, or null while it is on its way.
 * @param {string} name
 * @returns {Component | null}
 */
export function loadedPage(name) {
  const found = loadedPages.value[name];
  if (!found) requestPage(name);
  return found ?? null;
}

/** @param {string} name */
function requestPage(name) {
  wantedPages.add(name);
  startLoading(name);
}

/** @param {string} name */
function startLoading(name) {
  if (loadingPages.has(name)) return;
  loadingPages.add(name);
  LOADERS.get(name)?.().then(
    (component) => (loadedPages.value = { ...loadedPages.peek(), [name]: component }),
    () => loadingPages.delete(name), // the node is away: again when it is back
  );
}

const INPUT_EVENTS = ["pointermove", "pointerdown", "keydown", "wheel"];

/** Load the other pages at the reader's first input: the first page is there sooner, the next ones at once. */
export function preloadPages() {
  const all = () => {
    for (const sign of INPUT_EVENTS) removeEventListener(sign, all);
    for (const name of LOADERS.keys()) requestPage(name);
  };
  for (const sign of INPUT_EVENTS) addEventListener(sign, all, { passive: true });
  onLive(() => wantedPages.forEach(startLoading));
}

/** The name of the page about one of what a page lists. @param {string} page */
function detailPage(page) {
  return `${page}/one`;
}
