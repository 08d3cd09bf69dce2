/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/wire.js").Event} Event
 */
/**
 * @param {JobView} job
 * @param {Event} event
 * @returns {JobView}  the job after it
 */
export function applyEvent(job: JobView, { kind, data, at }: Event): JobView;
export type JobView = import("../client/wire.js").JobView;
export type Event = import("../client/wire.js").Event;
