/** Flows: work that is described and not started, as plain data. It can be written by hand, stored and sent. */

/**
 * @typedef {object} FlowWords  what may be said of each part of a flow
 * @property {string} [name]  by which others of the same flow refer to it
 * @property {"fail" | "skip" | "none" | "hold"} [if_fails]  what becomes of those that need its result if it does not succeed
 * @property {string[]} [after]  names of parts and ids of jobs that it waits for
 * @property {Flow[]} [on_success]  these start then, with its result as their first argument
 * @property {Flow[]} [on_failure]  these start then, with the id of its job
 * @property {Flow[]} [on_end]  these start in any case, with the id of its job
 * @property {Flow[]} [with]  parts that have no other place, and to which others refer
 *
 * @typedef {Pick<FlowWords, "on_success" | "on_failure" | "on_end">} Callbacks  of a job that is started by itself
 *
 * @typedef {FlowWords & {task: string, args?: unknown[], kwargs?: Record<string, unknown>, options?: import("./wire.js").Options, immutable?: true}} TaskFlow
 * @typedef {FlowWords & {chain: Flow[]}} ChainFlow
 * @typedef {FlowWords & {group: Flow[]}} GroupFlow
 * @typedef {FlowWords & {map: {task: string, options?: import("./wire.js").Options, immutable?: true}, calls: string[], size?: number}} MapFlow  a group of
 *   calls of one task, each the JSON text of `[args, kwargs]`; size: calls that one job makes, whose result is the list of all results
 */

/**
 * @template [R=any]
 * @typedef {import("./tasks.js").Giving<R> & (TaskFlow | ChainFlow | GroupFlow | MapFlow)} Flow  R: what it gives
 */

/** Outputs of `output`; objects that only look like one are data of the page. @type {WeakSet<object>} */
const outputs = new WeakSet();

/**
 * A call of a task; what comes before it is its first argument.
 * @template {string} T
 * @param {T} task
 * @param {import("./tasks.js").FlowArgs<T>} [args]  each, and each item of a list among them, may be an `output`
 * @param {import("./tasks.js").NamedOrOutputs<import("./tasks.js").Kwargs<T>>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {TaskFlow & import("./tasks.js").Giving<import("./tasks.js").Result<T>>}
 */
export function s(task, args, kwargs, options = {}) {
  const named = Object.entries(kwargs ?? {}).map(([name, value]) => [name, argument(value)]);
  /** @type {TaskFlow & import("./tasks.js").Giving<any>} */
  const flow = { task, args: /** @type {unknown[]} */ (args ?? []).map(argument), kwargs: Object.fromEntries(named) };
  if (Object.keys(options).length) flow.options = options;
  return flow;
}

/**
 * A call of a task that takes nothing of what comes before it.
 * @template {string} T
 * @param {T} task
 * @param {import("./tasks.js").OrOutputs<import("./tasks.js").Args<T>>} [args]  of these, too, each may be an `output`
 * @param {import("./tasks.js").NamedOrOutputs<import("./tasks.js").Kwargs<T>>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {TaskFlow & import("./tasks.js").Giving<import("./tasks.js").Result<T>>}
 */
export function si(task, args, kwargs, options) {
  return { ...s(task, /** @type {any} */ (args), kwargs, options), immutable: true };
}

/**
 * One after the other; the result is that of the last.
 * @template R
 * @param {[...Flow[], Flow<R>]} flows
 * @returns {ChainFlow & import("./tasks.js").Giving<R>}
 */
export function chain(...flows) {
  return { chain: flows };
}

/**
 * All at the same time; the result is the list of their results, in this order.
 * @template R
 * @param {...Flow<R>} flows
 * @returns {GroupFlow & import("./tasks.js").Giving<R[]>}
 */
export function group(...flows) {
  return { group: flows };
}

/**
 * A group, then a body that takes the list of its results.
 * @template R
 * @param {Flow[]} header
 * @param {Flow<R>} body
 * @returns {ChainFlow & import("./tasks.js").Giving<R>}
 */
export function chord(header, body) {
  return chain(group(...header), body);
}

/**
 * What stands for a result among the arguments of `s` and `si`: a whole argument, or an item of a list.
 * @param {string | import("./job.js").Job} of  the `name` of a part of the same flow, or a job
 * @returns {import("./tasks.js").Output}
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
