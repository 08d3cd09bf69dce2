/**
 * @param {import("./wire.js").JobView} job  one that has ended
 * @returns {any}  its result; throws a `TaskbahnError` if it did not succeed
 */
export function resultOf(job: import("./wire.js").JobView): any;
/**
 * @param {import("./wire.js").JobView} job  one that has ended and did not succeed
 * @returns {import("./wire.js").Failure}  why; a router of an earlier release knows it not of each
 */
export function failureOf({ id, state, error }: import("./wire.js").JobView): import("./wire.js").Failure;
