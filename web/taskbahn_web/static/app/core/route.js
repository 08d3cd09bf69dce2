/** The route: `#/jobs?state=failed` as a signal, and links to such addresses. */

import { computed, signal } from "@preact/signals";

import { moveOn } from "./place.js";

/**
 * @typedef {object} Route
 * @property {string} page  "overview" for `#/`, "jobs", "tasks" …
 * @property {string | null} id  of the one thing that the page is about
 * @property {URLSearchParams} query
 */

const hash = signal(globalThis.location?.hash ?? "");

const readHash = () => {
  moveOn();
  hash.value = location.hash;
};

globalThis.addEventListener?.("hashchange", readHash);

/** @type {import("@preact/signals").ReadonlySignal<Route>} */
export const route = computed(() => parse(hash.value));

/**
 * @param {string} text  a hash
 * @returns {Route}
 */
export function parse(text) {
  const [path, query = ""] = text.replace(/^#?\/?/, "").split("?");
  const [page, ...rest] = path.split("/");
  return { page: page || "overview", id: rest.length ? decodeURIComponent(rest.join("/")) : null, query: new URLSearchParams(query) };
}

/**
 * @param {string} page
 * @param {string | null} [id]
 * @param {Record<string, string | null | undefined>} [query]  what is empty is left out
 * @returns {string}  a hash for `href`
 */
export function link(page, id, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  const search = new URLSearchParams(/** @type {[string, string][]} */ (given)).toString();
  const place = page === "overview" ? "" : page;
  return `#/${place}${id ? `/${encodeURIComponent(id)}` : ""}${search ? `?${search}` : ""}`;
}

/** @param {string} where  a hash, from `link` */
export function go(where) {
  location.hash = where;
  readHash(); // The browser's event comes later, when the reader may be elsewhere.
}
