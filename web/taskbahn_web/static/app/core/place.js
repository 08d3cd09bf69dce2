/**
 * The reader's places: one for each entry of the browser's history, with what a page keeps for it. So Back shows a page as it was left:
 * scrolled as far, with the same list, row and filter.
 */

import { useState } from "preact/hooks";

const MAX_PLACES = 20; // of which something is kept, the latest
const RESTORE_SECONDS = 3; // seconds in which a page may become as long as it was
const INPUT_EVENTS = ["wheel", "touchmove", "keydown", "pointerdown"];

/** @typedef {{scroll: number | null, kept: Map<string, unknown>}} Place  scroll: where it was when the reader left it, pixels; null: the reader is here for the first time */

/** @type {Map<string, Place>} */
const places = new Map();
let made = 0;
let here = "";
let stopRestoring = () => {};

/** Take note that the address has changed; call this before the new page is drawn. */
export function moveOn() {
  const key = keyOfEntry();
  if (key === here) return;
  const left = places.get(here);
  if (left) left.scroll = scrollY;
  stopRestoring();
  here = key;
  place();
}

/** @returns {string} */
function keyOfEntry() {
  const known = history.state?.place;
  if (typeof known === "string") return known;
  const key = `${performance.timeOrigin}-${(made += 1)}`;
  history.replaceState({ ...history.state, place: key }, "");
  return key;
}

/** The place where the reader is. @returns {Place} */
function place() {
  const found = places.get(here) ?? { scroll: null, kept: new Map() };
  places.delete(here); // the latest is last
  places.set(here, found);
  if (places.size > MAX_PLACES) places.delete(/** @type {string} */ (places.keys().next().value));
  return found;
}

/** Which place it is, to see when the reader comes to another. */
export function placeKey() {
  return here;
}

/**
 * What the page has kept for this place, or makes now.
 * @template T
 * @param {string} name
 * @param {() => T} make
 * @returns {T}
 */
export function keep(name, make) {
  const { kept } = place();
  if (!kept.has(name)) kept.set(name, make());
  return /** @type {T} */ (kept.get(name));
}

/**
 * State that the place keeps, as a filter.
 * @template T
 * @param {string} name
 * @param {T} first
 * @returns {[T, (value: T) => void]}
 */
export function useKept(name, first) {
  const [{ kept }] = useState(place);
  const [value, setValue] = useState(/** @type {T} */ (kept.has(name) ? kept.get(name) : first));
  const change = (/** @type {T} */ next) => {
    kept.set(name, next);
    setValue(next);
  };
  return [value, change];
}

/** Scroll to where the reader was here, if this is not the first time; as soon as the page is long enough, unless the reader scrolls before. */
export function scrollBack() {
  stopRestoring();
  const { scroll } = place();
  if (scroll === null) return;
  scrollTo(0, scroll);
  if (Math.abs(scrollY - scroll) < 2) return;
  const until = performance.now() + RESTORE_SECONDS * 1000;
  let frame = 0;
  const stop = () => {
    cancelAnimationFrame(frame);
    for (const sign of INPUT_EVENTS) removeEventListener(sign, stop);
  };
  const again = () => {
    scrollTo(0, scroll);
    if (Math.abs(scrollY - scroll) < 2 || performance.now() > until) stop();
    else frame = requestAnimationFrame(again);
  };
  for (const sign of INPUT_EVENTS) addEventListener(sign, stop, { passive: true });
  frame = requestAnimationFrame(again);
  stopRestoring = stop;
}

if (globalThis.history) {
  history.scrollRestoration = "manual"; // the browser would scroll before the page is drawn
  here = keyOfEntry();
  place().scroll = typeof history.state.scroll === "number" ? history.state.scroll : null;
  addEventListener("pagehide", () => history.replaceState({ ...history.state, scroll: scrollY }, "")); // for a reload
}
