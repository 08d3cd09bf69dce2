/** The pages: each is loaded when somebody goes to it, and all of them as soon as somebody does anything. */

import { signal } from "@preact/signals";

import { onLive } from "../data/live.js";
import { PAGES } from "./page-table.js";

/** @typedef {import("./page-table.js").Component} Component */

/** By the word in the address; the page about one thing by that word and `/one`. @type {Map<string, () => Promise<Component>>} */
const LOADERS = new Map();
for (const { page, load, loadOne } of PAGES) {
  LOADERS.set(page, load);
  if (loadOne) LOADERS.set(onePage(page), loadOne);
}

/** What is there already. @type {import("@preact/signals").Signal<Record<string, Component>>} */
const loaded = signal({});

/** What somebody wants to see, or soon may. @type {Set<string>} */
const wanted = new Set();

/** @type {Set<string>} */
const loading = new Set();

/**
 * @param {import("../core/route.js").Route} route
 * @returns {string | null}  which of the pages it is; null if there is no such page
 */
export function nameOf({ page, id }) {
  const name = id ? onePage(page) : page;
  return LOADERS.has(name) ? name : null;
}

/**
 * A page, or null while it is on its way.
 * @param {string} name
 * @returns {Component | null}
 */
export function pageOf(name) {
  const found = loaded.value[name];
  if (!found) want(name);
  return found ?? null;
}

/** @param {string} name */
function want(name) {
  wanted.add(name);
  load(name);
}

/** @param {string} name */
function load(name) {
  if (loading.has(name)) return;
  loading.add(name);
  LOADERS.get(name)?.().then(
    (component) => (loaded.value = { ...loaded.peek(), [name]: component }),
    () => loading.delete(name), // the node is away: again when it is back
  );
}

const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel"];

/** Load the pages that nobody has asked for yet at the first sign of a person: the first page is there sooner, the next at once. */
export function loadInTime() {
  const all = () => {
    for (const sign of SIGNS) removeEventListener(sign, all);
    for (const name of LOADERS.keys()) want(name);
  };
  for (const sign of SIGNS) addEventListener(sign, all, { passive: true });
  onLive(() => wanted.forEach(load));
}

/** The name of the page about one of what a page lists. @param {string} page */
function onePage(page) {
  return `${page}/one`;
}
