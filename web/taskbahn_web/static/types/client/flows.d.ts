/**
 * A call of a task; what comes before it is its first argument.
 * @param {string} task
 * @param {unknown[]} [args]  each, and each item of a list among them, may be an `output`
 * @param {Record<string, unknown>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {TaskFlow}
 */
export function s(task: string, args?: unknown[], kwargs?: Record<string, unknown>, options?: import("./wire.js").Options): TaskFlow;
/**
 * A call of a task that takes nothing of what comes before it.
 * @param {string} task
 * @param {unknown[]} [args]
 * @param {Record<string, unknown>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {TaskFlow}
 */
export function si(task: string, args?: unknown[], kwargs?: Record<string, unknown>, options?: import("./wire.js").Options): TaskFlow;
/**
 * One after the other; the result is that of the last.
 * @param {...Flow} flows
 * @returns {ChainFlow}
 */
export function chain(...flows: Flow[]): ChainFlow;
/**
 * All at the same time; the result is the list of their results, in this order.
 * @param {...Flow} flows
 * @returns {GroupFlow}
 */
export function group(...flows: Flow[]): GroupFlow;
/**
 * A group, then a body that takes the list of its results.
 * @param {Flow[]} header
 * @param {Flow} body
 */
export function chord(header: Flow[], body: Flow): ChainFlow;
/**
 * What stands for a result among the arguments of `s` and `si`: a whole argument, or an item of a list.
 * @param {string | import("./job.js").Job} of  the `name` of a part of the same flow, or a job
 * @returns {{$output: string}}
 */
export function output(of: string | import("./job.js").Job): {
    $output: string;
};
/**
 * what may be said of each part of a flow
 */
export type FlowWords = {
    /**
     * by which others of the same flow refer to it
     */
    name?: string | undefined;
    /**
     * what becomes of those that need its result if it does not succeed
     */
    if_fails?: "fail" | "skip" | "none" | "hold" | undefined;
    /**
     * names of parts and ids of jobs that it waits for
     */
    after?: string[] | undefined;
    /**
     * these start then, with its result as their first argument
     */
    on_success?: Flow[] | undefined;
    /**
     * these start then, with the id of its job
     */
    on_failure?: Flow[] | undefined;
    /**
     * these start in any case, with the id of its job
     */
    on_end?: Flow[] | undefined;
    /**
     * parts that have no other place, and to which others refer
     */
    with?: Flow[] | undefined;
};
/**
 * of a job that is started by itself
 */
export type Callbacks = Pick<FlowWords, "on_success" | "on_failure" | "on_end">;
export type TaskFlow = FlowWords & {
    task: string;
    args?: unknown[];
    kwargs?: Record<string, unknown>;
    options?: import("./wire.js").Options;
    immutable?: true;
};
export type ChainFlow = FlowWords & {
    chain: Flow[];
};
export type GroupFlow = FlowWords & {
    group: Flow[];
};
/**
 * a group of
 * calls of one task, each the JSON text of `[args, kwargs]`; size: calls that one job makes, whose result is the list of all results
 */
export type MapFlow = FlowWords & {
    map: {
        task: string;
        options?: import("./wire.js").Options;
        immutable?: true;
    };
    calls: string[];
    size?: number;
};
export type Flow = TaskFlow | ChainFlow | GroupFlow | MapFlow;
