/**
 * @param {import("./wire.js").Event[]} events
 * @param {import("../taskbahn.js").Listening["onProgress"]} onProgress
 * @param {import("../taskbahn.js").Listening["onEvent"]} onEvent
 */
export function hear(events: import("./wire.js").Event[], onProgress: import("../taskbahn.js").Listening["onProgress"], onEvent: import("../taskbahn.js").Listening["onEvent"]): void;
/**
 * @param {any[]} list
 * @returns {(import("./wire.js").State | import("./errors.js").TaskbahnError)[]}
 */
export function answers(list: any[]): (import("./wire.js").State | import("./errors.js").TaskbahnError)[];
