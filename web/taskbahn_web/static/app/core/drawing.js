/** When the page is drawn: at once, but not while nobody can see it; when the tab is shown again it catches up in one go. */

import { options } from "preact";

/** What was put off, in order. @type {Set<() => void>} */
const postponed = new Set();

/**
 * Do something now, or when the tab is shown.
 * @param {() => void} action
 */
export function runWhenVisible(action) {
  if (document.hidden) postponed.add(action);
  else action();
}

/** Begin to draw so. */
export function drawWhenVisible() {
  options.debounceRendering = (draw) => {
    if (document.hidden) postponed.add(draw);
    else queueMicrotask(draw);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    const actions = [...postponed];
    postponed.clear();
    for (const action of actions) action();
  });
}
