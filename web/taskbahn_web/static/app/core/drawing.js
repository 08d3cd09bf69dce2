/** When the page is drawn: at once, but not while nobody can see it; when the tab is shown again it catches up in one go. */

import { options } from "preact";

/** What was put off, in order. @type {Set<() => void>} */
const later = new Set();

/**
 * Do something now, or when the tab is shown.
 * @param {() => void} action
 */
export function whenSeen(action) {
  if (document.hidden) later.add(action);
  else action();
}

/** Begin to draw so. */
export function drawWhenSeen() {
  options.debounceRendering = (draw) => {
    if (document.hidden) later.add(draw);
    else queueMicrotask(draw);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    const actions = [...later];
    later.clear();
    for (const action of actions) action();
  });
}
