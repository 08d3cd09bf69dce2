/** The triggers of the router, which start tasks when events arrive, and events that a page publishes. */

import { TaskbahnError } from "./errors.js";
import { uuid7 } from "./ids.js";
import { Job } from "./job.js";
import { checkOptions } from "./options.js";
import { retryCall } from "./retry-call.js";
import { callOf } from "./schedules.js";

export const VIEW_TRIGGERS = "taskbahn.view.triggers";
const EVENT_PUBLISH = "taskbahn.event.publish";
const ADMIN = "taskbahn.admin.trigger.";
const PAGE = 500; // triggers in one answer
const FIELDS = ["where", "note"];
const TOPIC_FIELDS = ["match", ...FIELDS];
const HOOK_FIELDS = ["scheme", "secret", "header", "repeats", "per_second", ...FIELDS];

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
  #connection;

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * All triggers, by id.
   * @returns {Promise<TriggerView[]>}
   */
  async list() {
    const found = [];
    for (let after = ""; after !== null; ) {
      const page = await this.#ask(VIEW_TRIGGERS, [], { after, limit: PAGE });
      found.push(...page.triggers);
      after = page.next ?? null;
    }
    return found;
  }

  /**
   * A trigger as it is now. Rejects if there is none.
   * @param {string} id
   * @returns {Promise<TriggerView>}
   */
  async get(id) {
    const { triggers } = await this.#ask(VIEW_TRIGGERS, [], { id });
    if (!triggers.length) throw new TaskbahnError(`there is no trigger '${id}'`, "taskbahn.error.invalid_option");
    return triggers[0];
  }

  /**
   * Store a trigger, or all that holds of one that was made at run time.
   * @param {string} id
   * @param {string} topic
   * @param {string | Flow} start  a task, which gets the arguments of the event; or `s("report.make", ["{event.day}"])`, or another flow
   * @param {TriggerOptions & {who?: string}} [options]
   * @returns {Promise<TriggerView>}
   */
  async create(id, topic, start, options = {}) {
    const { who, ...fields } = checkOptions("triggers.create", options, [...TOPIC_FIELDS, "who"]);
    return this.#ask(`${ADMIN}add`, [id, words({ kind: "topic", topic, ...fields, call: startOf(start) })], words({ who }));
  }

  /**
   * Store a trigger for requests of another service to `/hooks/NAME`, or all that holds of one that was made at run time.
   * @param {string} id
   * @param {string} name
   * @param {string | Flow} start  a task, which gets the body; or `s("deploys.deploy", ["{body.ref}"])`, or another flow
   * @param {HookOptions & {who?: string}} options
   * @returns {Promise<TriggerView>}
   */
  async createHook(id, name, start, options) {
    const { who, ...fields } = checkOptions("triggers.createHook", options, [...HOOK_FIELDS, "who"]);
    return this.#ask(`${ADMIN}add`, [id, words({ kind: "hook", name, ...fields, call: startOf(start) })], words({ who }));
  }

  /**
   * Change some of a trigger; the rest stays. What code declares is kept beside the change, which wins. `reset` goes back to code first:
   * with all fields, or with those that it names.
   * @param {string} id
   * @param {TriggerOptions & Partial<HookOptions> & {topic?: string, name?: string, start?: string | Flow}} changes
   * @param {{reset?: true | string[], who?: string}} [options]
   * @returns {Promise<TriggerView>}
   */
  async edit(id, changes, options = {}) {
    const { start, ...fields } = checkOptions("triggers.edit", changes, ["topic", "name", "start", "match", ...HOOK_FIELDS]);
    const call = start === undefined ? undefined : startOf(start);
    return this.#ask(`${ADMIN}edit`, [id, words({ ...fields, call })], words(checkOptions("triggers.edit", options, ["reset", "who"])));
  }

  /**
   * Let events start nothing by it, until it is resumed, for a time or until one; those in between are not caught up.
   * @param {string} id
   * @param {{reason?: string, within?: number, until?: number | Date, who?: string}} [options]  within: seconds
   * @returns {Promise<TriggerView>}
   */
  async pause(id, options = {}) {
    const { until, ...others } = checkOptions("triggers.pause", options, ["reason", "within", "until", "who"]);
    const end = until instanceof Date ? until.getTime() / 1000 : until;
    return this.#ask(`${ADMIN}pause`, [id], words({ ...others, until: end }));
  }

  /**
   * Let events start what it starts again.
   * @param {string} id
   * @param {{who?: string}} [options]
   * @returns {Promise<TriggerView>}
   */
  async resume(id, options = {}) {
    return this.#ask(`${ADMIN}resume`, [id], words(checkOptions("triggers.resume", options, ["who"])));
  }

  /**
   * Delete it; jobs that it started stay. One that code declares is refused until it is orphaned.
   * @param {string} id
   * @param {{who?: string}} [options]
   */
  async delete(id, options = {}) {
    const session = await this.#connection.session(); // not asked twice: the second time there would be none
    await session.call(`${ADMIN}delete`, [id], words(checkOptions("triggers.delete", options, ["who"]))).result;
  }

  /** @param {string} procedure @param {unknown[]} args @param {Record<string, unknown>} kwargs */
  #ask(procedure, args, kwargs) {
    return retryCall(this.#connection, (session) => session.call(procedure, args, kwargs).result);
  }
}

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
export async function publish(connection, topic, args, kwargs, options) {
  const { id = uuid7() } = checkOptions("publish", options, ["id"]);
  const answers = await retryCall(connection, (session) => session.call(EVENT_PUBLISH, [topic, args, kwargs], { id }).result);
  const started = answers.filter((/** @type {unknown} */ one) => typeof one === "string"); // the others say why a trigger starts none
  return started.map((/** @type {string} */ one) => new Job(connection, one));
}

/** @param {string | Flow} start @returns {Record<string, any>} */
function startOf(start) {
  return typeof start === "string" ? { task: start } : callOf(start);
}

/** Without what is left out. @param {Record<string, unknown>} given @returns {Record<string, unknown>} */
function words(given) {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
