/** The schedules of the router: when they fire, what became of their due times, and how they are made and changed. */

import { fromInfo, TaskbahnError } from "./errors.js";
import { uuid7 } from "./ids.js";
import { Job } from "./job.js";
import { checkOptions } from "./options.js";
import { retryCall } from "./retry-call.js";

export const VIEW_SCHEDULES = "taskbahn.view.schedules";
export const VIEW_DUE_TIMES = "taskbahn.view.due_times";
const VIEW_SCHEDULE_WAITS = "taskbahn.view.schedule_waits";
const VIEW_SCHEDULE_TIMES = "taskbahn.view.schedule_times";
export const VIEW_FIRINGS = "taskbahn.view.firings";
const ADMIN = "taskbahn.admin.schedule.";
const PAGE = 500; // schedules in one answer
const OPTIONS = ["start", "end", "times", "jitter", "overlap", "catch_up", "alarm_after", "note"];
const OF_CALLS = ["task", "args", "kwargs", "options"];

/**
 * @typedef {import("./schedule-views.js").When} When
 * @typedef {import("./schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("./schedule-views.js").ScheduleFiring} ScheduleFiring
 * @typedef {import("./schedule-views.js").ScheduleOptions} ScheduleOptions
 * @typedef {import("./schedule-views.js").ScheduleChanges} ScheduleChanges
 * @typedef {import("./schedule-views.js").ScheduleQuery} ScheduleQuery
 * @typedef {import("./flows.js").Flow} Flow
 */

export class Schedules {
  #connection;

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * Say what a schedule means, and when it fires next; nothing is stored. Rejects for one that cannot be read, or never fires.
   * @param {string | When} when  a cron line in `zone`, or other times, which are shown in it
   * @param {{zone?: string, count?: number, after?: number}} [options]  count: 1 to 100, 10 if left out; after: seconds since the
   *   epoch, now if left out
   * @returns {Promise<import("./schedule-views.js").ScheduleTimes>}
   */
  async preview(when, options = {}) {
    return this.#ask(VIEW_SCHEDULE_TIMES, [when], { ...checkOptions("schedules.preview", options, ["zone", "count", "after"]) });
  }

  /**
   * All schedules, by id, or those that match.
   * @param {ScheduleQuery} [query]
   * @returns {Promise<ScheduleView[]>}
   */
  async list(query = {}) {
    const words = checkOptions("schedules.list", query, ["text", "state", "outcomes", "times"]);
    const found = [];
    for (let after = ""; after !== null; ) {
      const page = await this.#ask(VIEW_SCHEDULES, [], { ...words, after, limit: PAGE });
      found.push(...page.schedules);
      after = page.next ?? null;
    }
    return found;
  }

  /**
   * A schedule as it is now. Rejects if there is none.
   * @param {string} id
   * @param {{outcomes?: number, times?: number}} [options]  how many of its newest outcomes and next due times, 0 to 100
   * @returns {Promise<ScheduleView>}
   */
  async get(id, options = {}) {
    const words = checkOptions("schedules.get", options, ["outcomes", "times"]);
    const { schedules } = await this.#ask(VIEW_SCHEDULES, [], { ...words, id });
    if (!schedules.length) throw new TaskbahnError(`there is no schedule '${id}'`, "taskbahn.error.invalid_schedule");
    return schedules[0];
  }

  /**
   * What became of its newest due times, up to 100, newest first.
   * @param {string} id
   * @returns {Promise<ScheduleFiring[]>}
   */
  async history(id) {
    return this.#ask(VIEW_FIRINGS, [id], {});
  }

  /**
   * All that is between it and its next job, what is closed first.
   * @param {string} id
   * @returns {Promise<import("./graph.js").WaitReason[]>}
   */
  async explain(id) {
    return this.#ask(VIEW_SCHEDULE_WAITS, [id], {});
  }

  /**
   * Store a schedule, or all that holds of one that was made at run time.
   * @param {string} id
   * @param {string | When} when  a cron line in `zone`, or other times
   * @param {Flow} flow  what it starts: `s("images.thumbnail", ["a.jpg"])`; texts in it may have `{@due}` and `{@last_success}`
   * @param {ScheduleOptions} [options]
   * @returns {Promise<ScheduleView>}
   */
  async create(id, when, flow, options = {}) {
    const { who, zone, ...fields } = checkOptions("schedules.create", options, ["zone", ...OPTIONS, "who"]);
    return this.#ask(`${ADMIN}add`, [id, { ...specFields({ ...fields, when, flow, zone }) }], words({ who }));
  }

  /**
   * Change some of a schedule; the rest stays. What code declares is kept beside the change, which wins.
   * @param {string} id
   * @param {ScheduleChanges} changes
   * @param {{who?: string}} [options]
   * @returns {Promise<ScheduleView>}
   */
  async edit(id, changes, options = {}) {
    const fields = specFields(checkOptions("schedules.edit", changes, ["when", "zone", "flow", ...OPTIONS]));
    return this.#ask(`${ADMIN}edit`, [id, fields], words(checkOptions("schedules.edit", options, ["who"])));
  }

  /**
   * Let it fire no more, until it is resumed, for a time or until one; due times in between are not caught up.
   * @param {string} id
   * @param {{reason?: string, within?: number, until?: number | Date, who?: string}} [options]  within: seconds
   * @returns {Promise<ScheduleView>}
   */
  async pause(id, options = {}) {
    const { until, ...others } = checkOptions("schedules.pause", options, ["reason", "within", "until", "who"]);
    return this.#ask(`${ADMIN}pause`, [id], words({ ...others, until: seconds(until) }));
  }

  /**
   * Let it fire again, from the next due time on.
   * @param {string} id
   * @param {{who?: string}} [options]
   * @returns {Promise<ScheduleView>}
   */
  async resume(id, options = {}) {
    return this.#ask(`${ADMIN}resume`, [id], words(checkOptions("schedules.resume", options, ["who"])));
  }

  /**
   * Start its job now, besides its due times.
   * @param {string} id
   * @param {{who?: string}} [options]
   * @returns {Promise<Job>}
   */
  async runNow(id, options = {}) {
    const given = words({ ...checkOptions("schedules.runNow", options, ["who"]), key: uuid7() });
    return new Job(this.#connection, await this.#ask(`${ADMIN}run`, [id], given));
  }

  /**
   * Start a job for each due time of a past period, its ends included, at most 10,000; those that a rule of the task refuses are left
   * out, and if it refuses all, this rejects.
   * @param {string} id
   * @param {number | Date} since
   * @param {number | Date} until
   * @param {{key?: string, who?: string}} [options]  key: one that comes again starts only what it did not start before
   * @returns {Promise<Job[]>}
   */
  async backfill(id, since, until, options = {}) {
    const given = words({ key: uuid7(), ...checkOptions("schedules.backfill", options, ["key", "who"]) });
    const answers = /** @type {(string | {message: string, error?: string})[]} */ (
      await this.#ask(`${ADMIN}backfill`, [id, seconds(since), seconds(until)], given)
    );
    const ids = answers.filter((one) => typeof one === "string");
    const refused = answers.find((one) => typeof one !== "string");
    if (refused && !ids.length) throw fromInfo(refused);
    return ids.map((one) => new Job(this.#connection, one));
  }

  /**
   * How many due times of a schedule are in a period, its ends included: what a backfill would start.
   * @param {string} id
   * @param {number | Date} since
   * @param {number | Date} until
   * @returns {Promise<import("./schedule-views.js").DueCount>}
   */
  async countDue(id, since, until) {
    return this.#ask(VIEW_DUE_TIMES, [seconds(since), seconds(until)], { id });
  }

  /**
   * Delete it with its history; jobs that it started stay. One that code declares is refused until it is orphaned.
   * @param {string} id
   * @param {{who?: string}} [options]
   */
  async delete(id, options = {}) {
    await this.#once(`${ADMIN}delete`, [id], words(checkOptions("schedules.delete", options, ["who"])));
  }

  /** What may be asked twice. @param {string} procedure @param {unknown[]} args @param {Record<string, unknown>} kwargs */
  #ask(procedure, args, kwargs) {
    return retryCall(this.#connection, (session) => session.call(procedure, args, kwargs).result);
  }

  /** What must not be done twice. @param {string} procedure @param {unknown[]} args @param {Record<string, unknown>} kwargs */
  async #once(procedure, args, kwargs) {
    const session = await this.#connection.session();
    return session.call(procedure, args, kwargs).result;
  }
}

/**
 * The fields of a schedule as they travel.
 * @param {ScheduleChanges} given
 * @returns {Record<string, unknown>}
 */
export function specFields({ when, zone, flow, start, end, ...others }) {
  return words({
    ...others,
    when: typeof when === "string" ? { kind: "cron", line: when, ...(zone && { zone }) } : when,
    start: seconds(start),
    end: seconds(end),
    call: flow && callOf(flow),
  });
}

/** An entry of a submission that starts a flow. @param {Flow} flow @returns {import("./schedule-views.js").ScheduleCall} */
export function callOf(flow) {
  const isTask = "task" in flow && Object.keys(flow).every((name) => [...OF_CALLS, "immutable"].includes(name));
  if (isTask) return Object.fromEntries(Object.entries(flow).filter(([name]) => name !== "immutable"));
  return { flow };
}

/** A time in seconds since the epoch. @template T @param {T | Date} time @returns {T | number} */
function seconds(time) {
  return time instanceof Date ? time.getTime() / 1000 : time;
}

/** Without what is left out. @param {Record<string, unknown>} given @returns {Record<string, unknown>} */
function words(given) {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
