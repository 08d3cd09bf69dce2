/** When elements are drawn: once in a frame, those that changed; those that show a time once a second; never in a hidden tab. */

import { runSafely } from "../client/listeners.js";

/** @typedef {{draw: () => void}} Drawn */

/** What changed since it was drawn. @type {Set<Drawn>} */
const changed = new Set();
/** What shows a time that moves. @type {Set<Drawn>} */
const ticking = new Set();
let isRequested = false;
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/** Have something drawn in the next frame, or when the tab is seen again. @param {Drawn} element */
export function drawSoon(element) {
  changed.add(element);
  requestFrame();
}

/**
 * Have something drawn once a second, or no longer.
 * @param {Drawn} element
 * @param {boolean} isMoving
 */
export function drawEverySecond(element, isMoving) {
  if (isMoving) ticking.add(element);
  else ticking.delete(element);
  if (ticking.size && timer === undefined) timer = setInterval(() => ticking.forEach(drawSoon), 1000);
  if (ticking.size || timer === undefined) return;
  clearInterval(timer);
  timer = undefined;
}

/** @param {Drawn} element */
export function forget(element) {
  changed.delete(element);
  drawEverySecond(element, false);
}

function requestFrame() {
  if (isRequested || document.hidden) return;
  isRequested = true;
  requestAnimationFrame(() => {
    isRequested = false;
    if (document.hidden) return; // they stay in `changed`
    const elements = [...changed];
    changed.clear();
    for (const element of elements) runSafely(() => element.draw());
  });
}

globalThis.document?.addEventListener("visibilitychange", () => void (changed.size && requestFrame()));
