/** When schedules fire, as the router computes it. */

import { checkOptions } from "./options.js";

const VIEW_SCHEDULE_TIMES = "taskbahn.view.schedule_times";

/**
 * @typedef {object} Cron  a cron line on the clocks of a zone
 * @property {"cron"} kind
 * @property {string} line
 * @property {string} [zone]  UTC if it is left out
 * @property {"after" | "never"} [skipped_time]  whether a time that clocks skip fires after the gap
 * @property {"first" | "second" | "both"} [repeated_time]  which of a time that clocks show twice
 *
 * @typedef {object} Every  a time after each interval
 * @property {"every"} kind
 * @property {number} interval  seconds
 * @property {number} [start]  seconds since the epoch, from which they count
 *
 * @typedef {object} Sun  what the sun does at a place
 * @property {"sun"} kind
 * @property {"dawn" | "sunrise" | "noon" | "sunset" | "dusk" | "dawn_nautical" | "dawn_astronomical" | "dusk_nautical" | "dusk_astronomical"} event
 * @property {number} latitude  degrees, north is positive
 * @property {number} longitude  degrees, east is positive
 *
 * @typedef {object} Calendar  the times of a rule of RFC 5545
 * @property {"calendar"} kind
 * @property {string} rule
 * @property {string} [zone]
 *
 * @typedef {object} Dates  days and times, ISO 8601
 * @property {"dates"} kind
 * @property {string[]} dates
 * @property {string} [zone]
 *
 * @typedef {object} Together  the times of any of several, or those that all have
 * @property {"any" | "all"} kind
 * @property {When[]} of
 *
 * @typedef {object} Except  the times of one that another does not have
 * @property {"except"} kind
 * @property {When} of
 * @property {When} without
 *
 * @typedef {Cron | Every | Sun | Calendar | Dates | Together | Except} When
 *
 * @typedef {object} ScheduleTimes
 * @property {string} words  what the schedule means, in English
 * @property {string} zone  of `local`
 * @property {number[]} times  the next ones, seconds since the epoch
 * @property {string[]} local  the same, ISO 8601 with the offset of the zone
 */

export class Schedules {
  #ask;

  /** @param {(procedure: string, args: unknown[], kwargs: Record<string, unknown>) => Promise<any>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * Say what a schedule means, and when it fires next; nothing is stored. Rejects for one that cannot be read, or never fires.
   * @param {string | When} when  a cron line in `zone`, or other times, which are shown in it
   * @param {{zone?: string, count?: number, after?: number}} [options]  count: 1 to 100, 10 if left out; after: seconds since the
   *   epoch, now if left out
   * @returns {Promise<ScheduleTimes>}
   */
  async preview(when, options = {}) {
    return this.#ask(VIEW_SCHEDULE_TIMES, [when], { ...checkOptions("schedules.preview", options, ["zone", "count", "after"]) });
  }
}
