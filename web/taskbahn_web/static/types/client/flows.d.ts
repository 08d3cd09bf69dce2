/**
 * A call of a task; what comes before it is its first argument.
 * @template {string} T
 * @param {T} task
 * @param {import("./tasks.js").FlowArgs<T>} [args]  each, and each item of a list among them, may be an `output`
 * @param {import("./tasks.js").NamedOrOutputs<import("./tasks.js").Kwargs<T>>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {TaskFlow & import("./tasks.js").Giving<import("./tasks.js").Result<T>>}
 */
export function s<T extends string>(task: T, args?: import("./tasks.js").FlowArgs<T>, kwargs?: import("./tasks.js").NamedOrOutputs<import("./tasks.js").Kwargs<T>>, options?: import("./wire.js").Options): TaskFlow & import("./tasks.js").Giving<import("./tasks.js").Result<T>>;
/**
 * A call of a task that takes nothing of what comes before it.
 * @template {string} T
 * @param {T} task
 * @param {import("./tasks.js").OrOutputs<import("./tasks.js").Args<T>>} [args]  of these, too, each may be an `output`
 * @param {import("./tasks.js").NamedOrOutputs<import("./tasks.js").Kwargs<T>>} [kwargs]
 * @param {import("./wire.js").Options} [options]
 * @returns {TaskFlow & import("./tasks.js").Giving<import("./tasks.js").Result<T>>}
 */
export function si<T extends string>(task: T, args?: import("./tasks.js").OrOutputs<import("./tasks.js").Args<T>>, kwargs?: import("./tasks.js").NamedOrOutputs<import("./tasks.js").Kwargs<T>>, options?: import("./wire.js").Options): TaskFlow & import("./tasks.js").Giving<import("./tasks.js").Result<T>>;
/**
 * One after the other; the result is that of the last.
 * @template R
 * @param {[...Flow[], Flow<R>]} flows
 * @returns {ChainFlow & import("./tasks.js").Giving<R>}
 */
export function chain<R>(...flows: [...Flow[], Flow<R>]): ChainFlow & import("./tasks.js").Giving<R>;
/**
 * All at the same time; the result is the list of their results, in this order.
 * @template R
 * @param {...Flow<R>} flows
 * @returns {GroupFlow & import("./tasks.js").Giving<R[]>}
 */
export function group<R>(...flows: Flow<R>[]): GroupFlow & import("./tasks.js").Giving<R[]>;
/**
 * A group, then a body that takes the list of its results.
 * @template R
 * @param {Flow[]} header
 * @param {Flow<R>} body
 * @returns {ChainFlow & import("./tasks.js").Giving<R>}
 */
export function chord<R>(header: Flow[], body: Flow<R>): ChainFlow & import("./tasks.js").Giving<R>;
/**
 * What stands for a result among the arguments of `s` and `si`: a whole argument, or an item of a list.
 * @param {string | import("./job.js").Job} of  the `name` of a part of the same flow, or a job
 * @returns {import("./tasks.js").Output}
 */
export function output(of: string | import("./job.js").Job): import("./tasks.js").Output;
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
    if_fails?: "skip" | "fail" | "none" | "hold" | undefined;
    /**
     * names of parts and ids of jobs that it waits for
     */
    after?: string[] | undefined;
    /**
     * these start then, with its result as their first argument
     */
    on_success?: Flow<any>[] | undefined;
    /**
     * these start then, with the id of its job
     */
    on_failure?: Flow<any>[] | undefined;
    /**
     * these start in any case, with the id of its job
     */
    on_end?: Flow<any>[] | undefined;
    /**
     * parts that have no other place, and to which others refer
     */
    with?: Flow<any>[] | undefined;
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
/**
 * R: what it gives
 */
export type Flow<R = any> = import("./tasks.js").Giving<R> & (TaskFlow | ChainFlow | GroupFlow | MapFlow);
