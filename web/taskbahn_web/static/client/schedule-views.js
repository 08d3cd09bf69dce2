/** Schedules as the router shows them, and what may be said of one: types alone. Times are seconds since the epoch, durations seconds. */

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
 * @typedef {"dawn" | "sunrise" | "noon" | "sunset" | "dusk" | "dawn_nautical" | "dawn_astronomical" | "dusk_nautical" | "dusk_astronomical"} SunEvent
 *
 * @typedef {object} Sun  what the sun does at a place
 * @property {"sun"} kind
 * @property {SunEvent} event
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
 *
 * @typedef {"skip" | "buffer_one" | "buffer_all" | "cancel_other" | "allow"} Overlap
 *
 * @typedef {object} ScheduleOptions
 * @property {string} [zone]  of a cron line that is a text; UTC if it is left out
 * @property {number | Date | null} [start]  no due time is before
 * @property {number | Date | null} [end]  no due time is after
 * @property {number | null} [times]  firings in all
 * @property {number} [jitter]  each firing is later by up to that
 * @property {Overlap} [overlap]  what becomes of a due time while the last job has not ended
 * @property {number} [catch_up]  missed due times that are not older fire late
 * @property {number | null} [alarm_after]  it is a problem if no job has succeeded so long after a due time
 * @property {string} [note]
 * @property {string} [who]  a name to show as who changed it
 *
 * @typedef {Omit<ScheduleOptions, "who"> & {when?: string | When, flow?: import("./flows.js").Flow}} ScheduleChanges
 *
 * @typedef {{task?: string, args?: unknown[], kwargs?: Record<string, unknown>, flow?: Record<string, any>, options?: import("./wire.js").Options}} ScheduleCall
 *   what a schedule submits
 *
 * @typedef {object} ScheduleSpec  what a schedule says
 * @property {When} when
 * @property {ScheduleCall} call
 * @property {number | null} [start]
 * @property {number | null} [end]
 * @property {number | null} [times]
 * @property {number} [jitter]
 * @property {Overlap} [overlap]
 * @property {number} [catch_up]
 * @property {number | null} [alarm_after]
 * @property {string} [note]
 *
 * @typedef {object} SchedulePause
 * @property {string} [reason]
 * @property {number} [until]  missing: until it is resumed
 * @property {string} [by]
 * @property {number} [at]
 * @property {boolean} [orphaned]  no code declares it any more
 *
 * @typedef {object} ScheduleFiring  what became of a due time
 * @property {number} due_at
 * @property {number} fired_at
 * @property {"fired" | "skipped" | "buffered" | "missed" | "refused"} outcome
 * @property {string} [job]  that it started, or for which it did not
 * @property {import("./wire.js").State} [state]  of that job
 * @property {number} [missed]  how many due times were missed
 * @property {number} [until]  the last of these
 * @property {{message?: string, error?: string}} [error]
 *
 * @typedef {object} ScheduleView  a schedule as it is now
 * @property {string} id
 * @property {string} words  its times in English
 * @property {string} zone
 * @property {ScheduleSpec} spec  what holds
 * @property {Partial<ScheduleSpec>} [declared]  what code says
 * @property {Partial<ScheduleSpec>} [changed]  what was set at run time instead, or besides
 * @property {SchedulePause} [pause]
 * @property {number} [due_at]
 * @property {number} [next_at]  when it fires for `due_at`; missing: it does not
 * @property {number} [fired]  firings that started jobs
 * @property {number} [last_due]
 * @property {string} [last_job]
 * @property {number} [last_success]  due time of the newest job that is known to have succeeded
 * @property {number[]} [waiting]  due times that wait for the end of its last job
 * @property {{message?: string, error?: string}} [trouble]  why its newest firing was refused
 * @property {number} [expected_at]  with `alarm_after`: its oldest due time after which no job has succeeded
 * @property {number} [alarm_at]  when it is late for that
 * @property {number} [late_at]  since when it is late
 * @property {string} [changed_by]
 * @property {number} [changed_at]
 * @property {ScheduleFiring} [last]  the newest entry of its history
 * @property {string[]} [outcomes]  what became of its newest due times, newest first: states of jobs, and outcomes of those without one
 * @property {number[]} [times]  its next due times
 *
 * @typedef {{text?: string, state?: "" | "active" | "paused" | "orphaned" | "trouble" | "code" | "run_time" | "changed", outcomes?: number, times?: number}} ScheduleQuery
 *   text: words that each has; outcomes, times: how many of each, 0 to 100
 *
 * @typedef {object} DueSlot  the due times from `at` on, for the length of a slot
 * @property {number} at
 * @property {number} count
 * @property {{id: string, at: number}[]} first
 *
 * @typedef {object} DueBand  a schedule that is due so often that its slots are given
 * @property {string} id
 * @property {string} words
 * @property {[number, number][]} spans  first and last of neighbouring slots, by number
 * @property {boolean} [is_cut]  there may be more
 *
 * @typedef {object} DueTimes
 * @property {DueSlot[]} [slots]
 * @property {DueBand[]} [bands]
 * @property {string} [next]  the id behind which the rest begins
 *
 * @typedef {{count?: number, first?: number, last?: number, is_cut?: boolean}} DueCount  is_cut: there are more
 */

export {};
