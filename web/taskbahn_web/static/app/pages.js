/** The pages: each is loaded when somebody goes to it, and all of them as soon as somebody does anything. */

import { signal } from "@preact/signals";

import { onLive } from "./live.js";

/** @typedef {(props: any) => any} Component */

/** @type {Record<string, () => Promise<Component>>} */
const LOADERS = {
  overview: () => import("./pages/overview.js").then(({ Overview }) => Overview),
  jobs: () => import("./pages/jobs.js").then(({ Jobs }) => Jobs),
  job: () => import("./pages/job.js").then(({ Job }) => Job),
  tasks: () => import("./pages/tasks.js").then(({ Tasks }) => Tasks),
  task: () => import("./pages/task.js").then(({ Task }) => Task),
  queues: () => import("./pages/queues.js").then(({ Queues }) => Queues),
  workers: () => import("./pages/workers.js").then(({ Workers }) => Workers),
  worker: () => import("./pages/worker.js").then(({ Worker }) => Worker),
  errors: () => import("./pages/errors.js").then(({ Errors }) => Errors),
  settings: () => import("./pages/settings.js").then(({ Settings }) => Settings),
};

/** Pages that are about one thing, by the page that lists these. @type {Record<string, string>} */
const ABOUT_ONE = { jobs: "job", tasks: "task", workers: "worker" };

/** What is there already. @type {import("@preact/signals").Signal<Record<string, Component>>} */
const loaded = signal({});

/** What somebody wants to see, or soon may. @type {Set<string>} */
const wanted = new Set();

/** @type {Set<string>} */
const loading = new Set();

/**
 * @param {import("./route.js").Route} route
 * @returns {string | null}  which of the pages it is; null if there is no such page
 */
export function nameOf({ page, id }) {
  if (id) return Object.hasOwn(ABOUT_ONE, page) ? ABOUT_ONE[page] : null;
  return Object.hasOwn(LOADERS, page) && !Object.values(ABOUT_ONE).includes(page) ? page : null;
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
  LOADERS[name]().then(
    (component) => (loaded.value = { ...loaded.peek(), [name]: component }),
    () => loading.delete(name), // the node is away: again when it is back
  );
}

const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel"];

/** Load the pages that nobody has asked for yet at the first sign of a person: the first page is there sooner, the next at once. */
export function loadInTime() {
  const all = () => {
    for (const sign of SIGNS) removeEventListener(sign, all);
    Object.keys(LOADERS).forEach(want);
  };
  for (const sign of SIGNS) addEventListener(sign, all, { passive: true });
  onLive(() => wanted.forEach(load));
}
