/** What comes back for a call: events of its job, and answers for many jobs. */

import { fromInfo } from "./errors.js";

/**
 * @param {import("./wire.js").Event[]} events
 * @param {import("../taskbahn.js").Listening["onProgress"]} onProgress
 * @param {import("../taskbahn.js").Listening["onEvent"]} onEvent
 */
export function hear(events, onProgress, onEvent) {
  for (const event of events) {
    onEvent?.(event);
    if (event.kind === "progress") onProgress?.(event.data);
  }
}

/**
 * @param {any[]} list
 * @returns {(import("./wire.js").State | import("./errors.js").TaskbahnError)[]}
 */
export function answers(list) {
  return list.map((answer) => (typeof answer === "object" ? fromInfo(answer) : answer));
}
