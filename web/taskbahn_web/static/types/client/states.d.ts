/** The states of a job. A test holds this against the table that the dispatcher decides by, `core/lifecycle.py`. */
/** @type {readonly import("./wire.js").State[]} */
export const STATES: readonly import("./wire.js").State[];
/** No attempt follows these, unless a person retries the job by hand. @type {ReadonlySet<string>} */
export const FINAL_STATES: ReadonlySet<string>;
/** From these a job can be retried by hand. @type {ReadonlySet<string>} */
export const RETRIABLE_STATES: ReadonlySet<string>;
