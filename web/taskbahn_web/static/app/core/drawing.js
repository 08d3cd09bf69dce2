/** When the page is drawn: at once in a visible tab. A hidden tab draws nothing, and draws once when it is shown again. */

import { options } from "preact";

/** The postponed actions, in order. @type {Set<() => void>} */
const postponed = new Set();

/**
 * Do something now, or when the tab is shown.
 * @param {() => void} action
 */
export function runWhenVisible(action) {
  if (document.hidden) postponed.add(action);
  else action();
}

/** Draw the page only while its tab is visible. */
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
