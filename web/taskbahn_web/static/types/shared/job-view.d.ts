/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/wire.js").Event} Event
 */
/**
 * Whether the view has all that came of the job. The event of its end comes first, without the result.
 *
 * @param {JobView} job
 * @returns {boolean}
 */
export function isComplete(job: JobView): boolean;
/**
 * @param {JobView} job
 * @param {Event} event
 * @returns {JobView}  the job after it
 */
export function applyEvent(job: JobView, { kind, data, at }: Event): JobView;
export type JobView = import("../client/wire.js").JobView;
export type Event = import("../client/wire.js").Event;
