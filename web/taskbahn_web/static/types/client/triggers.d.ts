/**
 * Publish an event; resolves to the jobs that it starts, when they are durable. It has an id in any case, so what is sent again after a
 * lost connection starts nothing twice.
 * @param {import("./connection.js").Connection} connection
 * @param {string} topic
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 * @param {{id?: string}} options
 * @returns {Promise<Job[]>}
 */
export function publish(connection: import("./connection.js").Connection, topic: string, args: unknown[], kwargs: Record<string, unknown>, options: {
    id?: string;
}): Promise<Job[]>;
export const VIEW_TRIGGERS: "taskbahn.view.triggers";
/**
 * @typedef {import("./flows.js").Flow} Flow
 *
 * @typedef {object} TriggerSpec
 * @property {string} kind  "topic", or another kind of events
 * @property {string} [topic]
 * @property {"exact" | "prefix" | "wildcard"} [match]  what the topic means, as in a subscription; "exact" if it is left out
 * @property {string} [name]  of a hook: the end of `/hooks/NAME`
 * @property {string} [scheme]  of a hook: how its requests are signed
 * @property {string} [secret]  of a hook: `env:NAME`, a variable of the node's environment
 * @property {string} [header]  of a hook: the one that has the signature, with the scheme "hmac"
 * @property {"id" | "body"} [repeats]  of a hook: by what a request is known that comes again
 * @property {number} [per_second]  of a hook: requests that it takes
 * @property {Record<string, unknown>} [where]  fields that the event has, with these values
 * @property {Record<string, any>} call  a call or a flow, with templates such as "{event.day}" in its texts
 * @property {string} [note]
 *
 * @typedef {object} TriggerView  times are seconds since the epoch
 * @property {string} id
 * @property {string} kind
 * @property {string} words  what it waits for
 * @property {TriggerSpec} spec  what holds
 * @property {TriggerSpec} [declared]  what code says, if code declares it
 * @property {Partial<TriggerSpec>} [changed]  what was set at run time instead
 * @property {import("./schedule-views.js").SchedulePause | null} [pause]
 * @property {number} [started]  events that started jobs
 * @property {number} [lost]  events for which there was no room
 * @property {number | null} [last_at]  when the newest event started jobs
 * @property {string | null} [last_job]
 * @property {Record<string, any> | null} [trouble]  the error for which the newest event started none
 * @property {string | null} [changed_by]
 * @property {number} [changed_at]
 *
 * @typedef {object} TriggerOptions
 * @property {"exact" | "prefix" | "wildcard"} [match]
 * @property {Record<string, unknown>} [where]
 * @property {string} [note]
 *
 * @typedef {object} HookOptions
 * @property {string} scheme  how requests are signed: "github", "stripe", "slack", "standard" or "hmac"
 * @property {string} secret  `env:NAME`, a variable of the node's environment
 * @property {string} [header]  that has the signature, with the scheme "hmac"
 * @property {"id" | "body"} [repeats]  by what a request is known that comes again; "id" if it is left out
 * @property {number} [per_second]  requests that it takes
 * @property {Record<string, unknown>} [where]
 * @property {string} [note]
 */
export class Triggers {
    /** @param {import("./connection.js").Connection} connection */
    constructor(connection: import("./connection.js").Connection);
    /**
     * All triggers, by id.
     * @returns {Promise<TriggerView[]>}
     */
    list(): Promise<TriggerView[]>;
    /**
     * A trigger as it is now. Rejects if there is none.
     * @param {string} id
     * @returns {Promise<TriggerView>}
     */
    get(id: string): Promise<TriggerView>;
    /**
     * Store a trigger, or all that holds of one that was made at run time.
     * @param {string} id
     * @param {string} topic
     * @param {string | Flow} start  a task, which gets the arguments of the event; or `s("report.make", ["{event.day}"])`, or another flow
     * @param {TriggerOptions & {who?: string}} [options]
     * @returns {Promise<TriggerView>}
     */
    create(id: string, topic: string, start: string | Flow, options?: TriggerOptions & {
        who?: string;
    }): Promise<TriggerView>;
    /**
     * Store a trigger for requests of another service to `/hooks/NAME`, or all that holds of one that was made at run time.
     * @param {string} id
     * @param {string} name
     * @param {string | Flow} start  a task, which gets the body; or `s("deploys.deploy", ["{body.ref}"])`, or another flow
     * @param {HookOptions & {who?: string}} options
     * @returns {Promise<TriggerView>}
     */
    createHook(id: string, name: string, start: string | Flow, options: HookOptions & {
        who?: string;
    }): Promise<TriggerView>;
    /**
     * Change some of a trigger; the rest stays. What code declares is kept beside the change, which wins. `reset` goes back to code first:
     * with all fields, or with those that it names.
     * @param {string} id
     * @param {TriggerOptions & Partial<HookOptions> & {topic?: string, name?: string, start?: string | Flow}} changes
     * @param {{reset?: true | string[], who?: string}} [options]
     * @returns {Promise<TriggerView>}
     */
    edit(id: string, changes: TriggerOptions & Partial<HookOptions> & {
        topic?: string;
        name?: string;
        start?: string | Flow;
    }, options?: {
        reset?: true | string[];
        who?: string;
    }): Promise<TriggerView>;
    /**
     * Let events start nothing by it, until it is resumed, for a time or until one; those in between are not caught up.
     * @param {string} id
     * @param {{reason?: string, within?: number, until?: number | Date, who?: string}} [options]  within: seconds
     * @returns {Promise<TriggerView>}
     */
    pause(id: string, options?: {
        reason?: string;
        within?: number;
        until?: number | Date;
        who?: string;
    }): Promise<TriggerView>;
    /**
     * Let events start what it starts again.
     * @param {string} id
     * @param {{who?: string}} [options]
     * @returns {Promise<TriggerView>}
     */
    resume(id: string, options?: {
        who?: string;
    }): Promise<TriggerView>;
    /**
     * Delete it; jobs that it started stay. One that code declares is refused until it is orphaned.
     * @param {string} id
     * @param {{who?: string}} [options]
     */
    delete(id: string, options?: {
        who?: string;
    }): Promise<void>;
    #private;
}
export type Flow = import("./flows.js").Flow;
export type TriggerSpec = {
    /**
     * "topic", or another kind of events
     */
    kind: string;
    topic?: string | undefined;
    /**
     * what the topic means, as in a subscription; "exact" if it is left out
     */
    match?: "exact" | "prefix" | "wildcard" | undefined;
    /**
     * of a hook: the end of `/hooks/NAME`
     */
    name?: string | undefined;
    /**
     * of a hook: how its requests are signed
     */
    scheme?: string | undefined;
    /**
     * of a hook: `env:NAME`, a variable of the node's environment
     */
    secret?: string | undefined;
    /**
     * of a hook: the one that has the signature, with the scheme "hmac"
     */
    header?: string | undefined;
    /**
     * of a hook: by what a request is known that comes again
     */
    repeats?: "id" | "body" | undefined;
    /**
     * of a hook: requests that it takes
     */
    per_second?: number | undefined;
    /**
     * fields that the event has, with these values
     */
    where?: Record<string, unknown> | undefined;
    /**
     * a call or a flow, with templates such as "{event.day}" in its texts
     */
    call: Record<string, any>;
    note?: string | undefined;
};
/**
 * times are seconds since the epoch
 */
export type TriggerView = {
    id: string;
    kind: string;
    /**
     * what it waits for
     */
    words: string;
    /**
     * what holds
     */
    spec: TriggerSpec;
    /**
     * what code says, if code declares it
     */
    declared?: TriggerSpec | undefined;
    /**
     * what was set at run time instead
     */
    changed?: Partial<TriggerSpec> | undefined;
    pause?: import("./schedule-views.js").SchedulePause | null | undefined;
    /**
     * events that started jobs
     */
    started?: number | undefined;
    /**
     * events for which there was no room
     */
    lost?: number | undefined;
    /**
     * when the newest event started jobs
     */
    last_at?: number | null | undefined;
    last_job?: string | null | undefined;
    /**
     * the error for which the newest event started none
     */
    trouble?: Record<string, any> | null | undefined;
    changed_by?: string | null | undefined;
    changed_at?: number | undefined;
};
export type TriggerOptions = {
    match?: "exact" | "prefix" | "wildcard" | undefined;
    where?: Record<string, unknown> | undefined;
    note?: string | undefined;
};
export type HookOptions = {
    /**
     * how requests are signed: "github", "stripe", "slack", "standard" or "hmac"
     */
    scheme: string;
    /**
     * `env:NAME`, a variable of the node's environment
     */
    secret: string;
    /**
     * that has the signature, with the scheme "hmac"
     */
    header?: string | undefined;
    /**
     * by what a request is known that comes again; "id" if it is left out
     */
    repeats?: "id" | "body" | undefined;
    /**
     * requests that it takes
     */
    per_second?: number | undefined;
    where?: Record<string, unknown> | undefined;
    note?: string | undefined;
};
import { Job } from "./job.js";
