/**
 * A call of a task; what comes before it is its first argument.
 * @param {string} task
 * @param {unknown[]} [args]  each, and each item of a list among them, may be an `output`
 * @param {Record<string, unknown>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {import("./wire.js").TaskFlow}
 */
export function s(task: string, args?: unknown[], kwargs?: Record<string, unknown>, options?: import("./wire.js").Options): import("./wire.js").TaskFlow;
/**
 * A call of a task that takes nothing of what comes before it.
 * @param {string} task
 * @param {unknown[]} [args]
 * @param {Record<string, unknown>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {import("./wire.js").TaskFlow}
 */
export function si(task: string, args?: unknown[], kwargs?: Record<string, unknown>, options?: import("./wire.js").Options): import("./wire.js").TaskFlow;
/**
 * One after the other; the result is that of the last.
 * @param {...import("./wire.js").Flow} flows
 * @returns {import("./wire.js").ChainFlow}
 */
export function chain(...flows: import("./wire.js").Flow[]): import("./wire.js").ChainFlow;
/**
 * All at the same time; the result is the list of their results, in this order.
 * @param {...import("./wire.js").Flow} flows
 * @returns {import("./wire.js").GroupFlow}
 */
export function group(...flows: import("./wire.js").Flow[]): import("./wire.js").GroupFlow;
/**
 * A group, then a body that takes the list of its results.
 * @param {import("./wire.js").Flow[]} header
 * @param {import("./wire.js").Flow} body
 */
export function chord(header: import("./wire.js").Flow[], body: import("./wire.js").Flow): import("./wire.js").ChainFlow;
/**
 * What stands for a result among the arguments of `s` and `si`: a whole argument, or an item of a list.
 * @param {string | import("./job.js").Job} of  the `name` of a part of the same flow, or a job
 * @returns {{$output: string}}
 */
export function output(of: string | import("./job.js").Job): {
    $output: string;
};
