/** Keys that act on the page: single ones as `j`, and pairs as `g j`. They do nothing while the reader types or a dialog is open. */

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

const PAIR_SECONDS = 1.5; // seconds within which the second key of a pair must follow, from when the page took the first

/**
 * What a key does; with a text the list of keys (`?`) names it.
 * @typedef {(event: KeyboardEvent) => void} Action
 * @typedef {Record<string, Action | [Action, string]>} Keys  by `KeyboardEvent.key`, or two of them with a blank between
 */

/** The bound keys, the innermost part of the page last. @type {import("@preact/signals").Signal<{current: Keys}[]>} */
const layers = signal([]);

let firstKey = ""; // the first key of a pair
let firstAt = 0; // seconds

/**
 * Bind keys while a component is there: `useKeys({ j: [next, "Next job"], "g j": [toJobs, "Jobs"] })`. Of two components that bind
 * the same key the one that came last has it. The actions may be new ones at each drawing.
 * @param {Keys} keys
 */
export function useKeys(keys) {
  const newest = useRef(keys);
  newest.current = keys;
  useLayoutEffect(() => {
    layers.value = [...layers.peek(), newest];
    return () => void (layers.value = layers.peek().filter((layer) => layer !== newest));
  }, []);
}

/**
 * The keys that have a text, for the list of them.
 * @returns {[string, string][]}
 */
export function listedKeys() {
  const known = Object.assign({}, ...layers.value.map(({ current }) => current));
  return Object.entries(known).flatMap(([key, bound]) => (Array.isArray(bound) ? [[key, bound[1]]] : []));
}

/** @param {string} key @returns {Action | null} */
function boundAction(key) {
  const layer = layers.peek().findLast(({ current }) => current[key]);
  const action = layer?.current[key];
  return action ? (Array.isArray(action) ? action[0] : action) : null;
}

/**
 * Whether a key belongs to what has the focus, not to the page.
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, target: any}} event
 */
export function isKeyTaken({ key, ctrlKey, metaKey, altKey, target }) {
  if (ctrlKey || metaKey || altKey) return true;
  if (target?.isContentEditable || target?.matches?.("input:not([type=checkbox]), textarea, select")) return true;
  return (key === "Enter" || key === " ") && Boolean(target?.matches?.("a, button, summary, input"));
}

/** @param {KeyboardEvent} event */
function onKeyDown(event) {
  if (event.defaultPrevented || isKeyTaken(event) || document.querySelector("dialog[open]")) return;
  const { key } = event;
  const seconds = event.timeStamp / 1000;
  const pair = seconds - firstAt < PAIR_SECONDS ? boundAction(`${firstKey} ${key}`) : null;
  const action = pair ?? boundAction(key);
  [firstKey, firstAt] = pair ? ["", 0] : [key, performance.now() / 1000]; // a slow page takes a key long after it was pressed
  if (!action) return;
  event.preventDefault();
  action(event);
}

globalThis.document?.addEventListener("keydown", onKeyDown);
