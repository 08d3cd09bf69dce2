/**
 * a cron line on the clocks of a zone
 */
export type Cron = {
    kind: "cron";
    line: string;
    /**
     * UTC if it is left out
     */
    zone?: string | undefined;
    /**
     * whether a time that clocks skip fires after the gap
     */
    skipped_time?: "after" | "never" | undefined;
    /**
     * which of a time that clocks show twice
     */
    repeated_time?: "first" | "second" | "both" | undefined;
};
/**
 * a time after each interval
 */
export type Every = {
    kind: "every";
    /**
     * seconds
     */
    interval: number;
    /**
     * seconds since the epoch, from which they count
     */
    start?: number | undefined;
};
export type SunEvent = "dawn" | "sunrise" | "noon" | "sunset" | "dusk" | "dawn_nautical" | "dawn_astronomical" | "dusk_nautical" | "dusk_astronomical";
/**
 * what the sun does at a place
 */
export type Sun = {
    kind: "sun";
    event: SunEvent;
    /**
     * degrees, north is positive
     */
    latitude: number;
    /**
     * degrees, east is positive
     */
    longitude: number;
};
/**
 * the times of a rule of RFC 5545
 */
export type Calendar = {
    kind: "calendar";
    rule: string;
    zone?: string | undefined;
};
/**
 * days and times, ISO 8601
 */
export type Dates = {
    kind: "dates";
    dates: string[];
    zone?: string | undefined;
};
/**
 * the times of any of several, or those that all have
 */
export type Together = {
    kind: "any" | "all";
    of: When[];
};
/**
 * the times of one that another does not have
 */
export type Except = {
    kind: "except";
    of: When;
    without: When;
};
export type When = Cron | Every | Sun | Calendar | Dates | Together | Except;
export type ScheduleTimes = {
    /**
     * what the schedule means, in English
     */
    words: string;
    /**
     * of `local`
     */
    zone: string;
    /**
     * the next ones, seconds since the epoch
     */
    times: number[];
    /**
     * the same, ISO 8601 with the offset of the zone
     */
    local: string[];
};
export type Overlap = "skip" | "buffer_one" | "buffer_all" | "cancel_other" | "allow";
export type ScheduleOptions = {
    /**
     * of a cron line that is a text; UTC if it is left out
     */
    zone?: string | undefined;
    /**
     * no due time is before
     */
    start?: number | Date | null | undefined;
    /**
     * no due time is after
     */
    end?: number | Date | null | undefined;
    /**
     * firings in all
     */
    times?: number | null | undefined;
    /**
     * each firing is later by up to that
     */
    jitter?: number | undefined;
    /**
     * what becomes of a due time while the last job has not ended
     */
    overlap?: Overlap | undefined;
    /**
     * missed due times that are not older fire late
     */
    catch_up?: number | undefined;
    /**
     * it is a problem if no job has succeeded so long after a due time
     */
    alarm_after?: number | null | undefined;
    note?: string | undefined;
    /**
     * a name to show as who changed it
     */
    who?: string | undefined;
};
export type ScheduleChanges = Omit<ScheduleOptions, "who"> & {
    when?: string | When;
    flow?: import("./flows.js").Flow;
};
/**
 * what a schedule submits
 */
export type ScheduleCall = {
    task?: string;
    args?: unknown[];
    kwargs?: Record<string, unknown>;
    flow?: Record<string, any>;
    options?: import("./wire.js").Options;
};
/**
 * what a schedule says
 */
export type ScheduleSpec = {
    when: When;
    call: ScheduleCall;
    start?: number | null | undefined;
    end?: number | null | undefined;
    times?: number | null | undefined;
    jitter?: number | undefined;
    overlap?: Overlap | undefined;
    catch_up?: number | undefined;
    alarm_after?: number | null | undefined;
    note?: string | undefined;
};
export type SchedulePause = {
    reason?: string | undefined;
    /**
     * missing: until it is resumed
     */
    until?: number | undefined;
    by?: string | undefined;
    at?: number | undefined;
    /**
     * no code declares it any more
     */
    orphaned?: boolean | undefined;
};
/**
 * what became of a due time
 */
export type ScheduleFiring = {
    due_at: number;
    fired_at: number;
    outcome: "fired" | "skipped" | "buffered" | "missed" | "refused";
    /**
     * that it started, or for which it did not
     */
    job?: string | undefined;
    /**
     * of that job
     */
    state?: import("./wire.js").State | undefined;
    /**
     * how many due times were missed
     */
    missed?: number | undefined;
    /**
     * the last of these
     */
    until?: number | undefined;
    error?: {
        message?: string;
        error?: string;
    } | undefined;
};
/**
 * a schedule as it is now
 */
export type ScheduleView = {
    id: string;
    /**
     * its times in English
     */
    words: string;
    zone: string;
    /**
     * what holds
     */
    spec: ScheduleSpec;
    /**
     * what code says
     */
    declared?: Partial<ScheduleSpec> | undefined;
    /**
     * what was set at run time instead, or besides
     */
    changed?: Partial<ScheduleSpec> | undefined;
    pause?: SchedulePause | undefined;
    due_at?: number | undefined;
    /**
     * when it fires for `due_at`; missing: it does not
     */
    next_at?: number | undefined;
    /**
     * firings that started jobs
     */
    fired?: number | undefined;
    last_due?: number | undefined;
    last_job?: string | undefined;
    /**
     * due time of the newest job that is known to have succeeded
     */
    last_success?: number | undefined;
    /**
     * due times that wait for the end of its last job
     */
    waiting?: number[] | undefined;
    /**
     * why its newest firing was refused
     */
    trouble?: {
        message?: string;
        error?: string;
    } | undefined;
    /**
     * with `alarm_after`: its oldest due time after which no job has succeeded
     */
    expected_at?: number | undefined;
    /**
     * when it is late for that
     */
    alarm_at?: number | undefined;
    /**
     * since when it is late
     */
    late_at?: number | undefined;
    changed_by?: string | undefined;
    changed_at?: number | undefined;
    /**
     * the newest entry of its history
     */
    last?: ScheduleFiring | undefined;
    /**
     * what became of its newest due times, newest first: states of jobs, and outcomes of those without one
     */
    outcomes?: string[] | undefined;
    /**
     * its next due times
     */
    times?: number[] | undefined;
};
/**
 * text: words that each has; outcomes, times: how many of each, 0 to 100
 */
export type ScheduleQuery = {
    text?: string;
    state?: "" | "active" | "paused" | "orphaned" | "trouble" | "code" | "run_time" | "changed";
    outcomes?: number;
    times?: number;
};
/**
 * the due times from `at` on, for the length of a slot
 */
export type DueSlot = {
    at: number;
    count: number;
    first: {
        id: string;
        at: number;
    }[];
};
/**
 * a schedule that is due so often that its slots are given
 */
export type DueBand = {
    id: string;
    words: string;
    /**
     * first and last of neighbouring slots, by number
     */
    spans: [number, number][];
    /**
     * there may be more
     */
    is_cut?: boolean | undefined;
};
export type DueTimes = {
    slots?: DueSlot[] | undefined;
    bands?: DueBand[] | undefined;
    /**
     * the id behind which the rest begins
     */
    next?: string | undefined;
};
/**
 * is_cut: there are more
 */
export type DueCount = {
    count?: number;
    first?: number;
    last?: number;
    is_cut?: boolean;
};
