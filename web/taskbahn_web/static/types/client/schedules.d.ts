/**
 * The fields of a schedule as they travel.
 * @param {ScheduleChanges} given
 * @returns {Record<string, unknown>}
 */
export function specFields({ when, zone, flow, start, end, ...others }: ScheduleChanges): Record<string, unknown>;
/** An entry of a submission that starts a flow. @param {Flow} flow @returns {import("./schedule-views.js").ScheduleCall} */
export function callOf(flow: Flow): import("./schedule-views.js").ScheduleCall;
export const VIEW_SCHEDULES: "taskbahn.view.schedules";
export const VIEW_DUE_TIMES: "taskbahn.view.due_times";
export const VIEW_FIRINGS: "taskbahn.view.firings";
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
    /** @param {import("./connection.js").Connection} connection */
    constructor(connection: import("./connection.js").Connection);
    /**
     * Say what a schedule means, and when it fires next; nothing is stored. Rejects for one that cannot be read, or never fires.
     * @param {string | When} when  a cron line in `zone`, or other times, which are shown in it
     * @param {{zone?: string, count?: number, after?: number}} [options]  count: 1 to 100, 10 if left out; after: seconds since the
     *   epoch, now if left out
     * @returns {Promise<import("./schedule-views.js").ScheduleTimes>}
     */
    preview(when: string | When, options?: {
        zone?: string;
        count?: number;
        after?: number;
    }): Promise<import("./schedule-views.js").ScheduleTimes>;
    /**
     * All schedules, by id, or those that match.
     * @param {ScheduleQuery} [query]
     * @returns {Promise<ScheduleView[]>}
     */
    list(query?: ScheduleQuery): Promise<ScheduleView[]>;
    /**
     * A schedule as it is now. Rejects if there is none.
     * @param {string} id
     * @param {{outcomes?: number, times?: number}} [options]  how many of its newest outcomes and next due times, 0 to 100
     * @returns {Promise<ScheduleView>}
     */
    get(id: string, options?: {
        outcomes?: number;
        times?: number;
    }): Promise<ScheduleView>;
    /**
     * What became of its newest due times, up to 100, newest first.
     * @param {string} id
     * @returns {Promise<ScheduleFiring[]>}
     */
    history(id: string): Promise<ScheduleFiring[]>;
    /**
     * All that is between it and its next job, what is closed first.
     * @param {string} id
     * @returns {Promise<import("./graph.js").WaitReason[]>}
     */
    explain(id: string): Promise<import("./graph.js").WaitReason[]>;
    /**
     * Store a schedule, or all that holds of one that was made at run time.
     * @param {string} id
     * @param {string | When} when  a cron line in `zone`, or other times
     * @param {Flow} flow  what it starts: `s("images.thumbnail", ["a.jpg"])`; texts in it may have `{@due}` and `{@last_success}`
     * @param {ScheduleOptions} [options]
     * @returns {Promise<ScheduleView>}
     */
    create(id: string, when: string | When, flow: Flow, options?: ScheduleOptions): Promise<ScheduleView>;
    /**
     * Change some of a schedule; the rest stays. What code declares is kept beside the change, which wins.
     * @param {string} id
     * @param {ScheduleChanges} changes
     * @param {{who?: string}} [options]
     * @returns {Promise<ScheduleView>}
     */
    edit(id: string, changes: ScheduleChanges, options?: {
        who?: string;
    }): Promise<ScheduleView>;
    /**
     * Let it fire no more, until it is resumed, for a time or until one; due times in between are not caught up.
     * @param {string} id
     * @param {{reason?: string, within?: number, until?: number | Date, who?: string}} [options]  within: seconds
     * @returns {Promise<ScheduleView>}
     */
    pause(id: string, options?: {
        reason?: string;
        within?: number;
        until?: number | Date;
        who?: string;
    }): Promise<ScheduleView>;
    /**
     * Let it fire again, from the next due time on.
     * @param {string} id
     * @param {{who?: string}} [options]
     * @returns {Promise<ScheduleView>}
     */
    resume(id: string, options?: {
        who?: string;
    }): Promise<ScheduleView>;
    /**
     * Start its job now, besides its due times.
     * @param {string} id
     * @param {{who?: string}} [options]
     * @returns {Promise<Job>}
     */
    runNow(id: string, options?: {
        who?: string;
    }): Promise<Job>;
    /**
     * Start a job for each due time of a past period, its ends included, at most 10,000; those that a rule of the task refuses are left
     * out, and if it refuses all, this rejects.
     * @param {string} id
     * @param {number | Date} since
     * @param {number | Date} until
     * @param {{key?: string, who?: string}} [options]  key: one that comes again starts only what it did not start before
     * @returns {Promise<Job[]>}
     */
    backfill(id: string, since: number | Date, until: number | Date, options?: {
        key?: string;
        who?: string;
    }): Promise<Job[]>;
    /**
     * How many due times of a schedule are in a period, its ends included: what a backfill would start.
     * @param {string} id
     * @param {number | Date} since
     * @param {number | Date} until
     * @returns {Promise<import("./schedule-views.js").DueCount>}
     */
    countDue(id: string, since: number | Date, until: number | Date): Promise<import("./schedule-views.js").DueCount>;
    /**
     * Delete it with its history; jobs that it started stay. One that code declares is refused until it is orphaned.
     * @param {string} id
     * @param {{who?: string}} [options]
     */
    delete(id: string, options?: {
        who?: string;
    }): Promise<void>;
    #private;
}
export type When = import("./schedule-views.js").When;
export type ScheduleView = import("./schedule-views.js").ScheduleView;
export type ScheduleFiring = import("./schedule-views.js").ScheduleFiring;
export type ScheduleOptions = import("./schedule-views.js").ScheduleOptions;
export type ScheduleChanges = import("./schedule-views.js").ScheduleChanges;
export type ScheduleQuery = import("./schedule-views.js").ScheduleQuery;
export type Flow = import("./flows.js").Flow;
import { Job } from "./job.js";
