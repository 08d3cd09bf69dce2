/** Flows: work that is described and not started, as plain data. It can be written by hand, stored and sent. */

/** Outputs of `output`; objects that only look like one are data of the page. @type {WeakSet<object>} */
const outputs = new WeakSet();

/**
 * A call of a task; what comes before it is its first argument.
 * @param {string} task
 * @param {unknown[]} [args]  each, and each item of a list among them, may be an `output`
 * @param {Record<string, unknown>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {import("./wire.js").TaskFlow}
 */
export function s(task, args = [], kwargs = {}, options = {}) {
  const named = Object.entries(kwargs).map(([name, value]) => [name, argument(value)]);
  /** @type {import("./wire.js").TaskFlow} */
  const flow = { task, args: args.map(argument), kwargs: Object.fromEntries(named) };
  if (Object.keys(options).length) flow.options = options;
  return flow;
}

/**
 * A call of a task that takes nothing of what comes before it.
 * @param {string} task
 * @param {unknown[]} [args]
 * @param {Record<string, unknown>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {import("./wire.js").TaskFlow}
 */
export function si(task, args, kwargs, options) {
  return { ...s(task, args, kwargs, options), immutable: true };
}

/**
 * One after the other; the result is that of the last.
 * @param {...import("./wire.js").Flow} flows
 * @returns {import("./wire.js").ChainFlow}
 */
export function chain(...flows) {
  return { chain: flows };
}

/**
 * All at the same time; the result is the list of their results, in this order.
 * @param {...import("./wire.js").Flow} flows
 * @returns {import("./wire.js").GroupFlow}
 */
export function group(...flows) {
  return { group: flows };
}

/**
 * A group, then a body that takes the list of its results.
 * @param {import("./wire.js").Flow[]} header
 * @param {import("./wire.js").Flow} body
 */
export function chord(header, body) {
  return chain(group(...header), body);
}

/**
 * What stands for a result among the arguments of `s` and `si`: a whole argument, or an item of a list.
 * @param {string | import("./job.js").Job} of  the `name` of a part of the same flow, or a job
 * @returns {{$output: string}}
 */
export function output(of) {
  const made = Object.freeze({ $output: typeof of === "string" ? of : of.id });
  outputs.add(made);
  return made;
}

/** @param {unknown} value */
function argument(value) {
  return Array.isArray(value) ? value.map(item) : item(value);
}

/** @param {unknown} value */
function item(value) {
  if (typeof value !== "object" || value === null || outputs.has(value)) return value;
  const [name, ...others] = Object.keys(value);
  return (name === "$output" || name === "$literal") && !others.length ? { $literal: value } : value;
}
