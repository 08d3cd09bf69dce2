/**
 * The entry of a submission.
 * @param {import("./keys.js").KeyRing} ring
 * @param {string} task
 * @param {string} id
 * @param {unknown[]} args
 * @param {Record<string, unknown>} kwargs
 * @param {import("./wire.js").Options} given
 */
export function entryOf(ring: import("./keys.js").KeyRing, task: string, id: string, args: unknown[], kwargs: Record<string, unknown>, { encrypt, ...options }: import("./wire.js").Options): Promise<{
    task: string;
    id: string;
    packed: string;
    options: {
        queue?: string | undefined;
        /**
         * higher goes first
         */
        priority?: number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        delay?: string | number | undefined;
        /**
         * seconds since 1970
         */
        eta?: number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        start_within?: string | number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        run_within?: string | number | undefined;
        /**
         * seconds, or as in "1h30m", from acceptance in which the job has to end
         */
        finish_within?: string | number | undefined;
        /**
         * seconds since 1970, in place of `finish_within`
         */
        finish_by?: number | undefined;
        retries?: number | undefined;
        /**
         * seconds, or as in "1h30m", before each retry; the last one repeats
         */
        retry_delays?: (string | number)[] | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        retry_backoff?: string | number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        retry_backoff_max?: string | number | undefined;
        retry_jitter?: number | undefined;
        crash_attempts?: number | undefined;
        /**
         * seconds
         */
        keep?: number | undefined;
        delivery?: "at_least_once" | "at_most_once" | undefined;
        on_caller_lost?: "cancel" | "continue" | undefined;
        tags?: string[] | undefined;
        /**
         * as long as a job of the task with it is kept, that is the same job
         */
        key?: string | undefined;
        /**
         * one line for people
         */
        title?: string | undefined;
        /**
         * its share of the progress of its whole
         */
        weight?: number | undefined;
        /**
         * it goes on when the job is cancelled that started it, or of which it is a part
         */
        detached?: boolean | undefined;
    };
    args?: undefined;
    kwargs?: undefined;
} | {
    task: string;
    id: string;
    args: unknown[];
    kwargs: Record<string, unknown>;
    options: {
        queue?: string | undefined;
        /**
         * higher goes first
         */
        priority?: number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        delay?: string | number | undefined;
        /**
         * seconds since 1970
         */
        eta?: number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        start_within?: string | number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        run_within?: string | number | undefined;
        /**
         * seconds, or as in "1h30m", from acceptance in which the job has to end
         */
        finish_within?: string | number | undefined;
        /**
         * seconds since 1970, in place of `finish_within`
         */
        finish_by?: number | undefined;
        retries?: number | undefined;
        /**
         * seconds, or as in "1h30m", before each retry; the last one repeats
         */
        retry_delays?: (string | number)[] | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        retry_backoff?: string | number | undefined;
        /**
         * seconds, or as in "1h30m"
         */
        retry_backoff_max?: string | number | undefined;
        retry_jitter?: number | undefined;
        crash_attempts?: number | undefined;
        /**
         * seconds
         */
        keep?: number | undefined;
        delivery?: "at_least_once" | "at_most_once" | undefined;
        on_caller_lost?: "cancel" | "continue" | undefined;
        tags?: string[] | undefined;
        /**
         * as long as a job of the task with it is kept, that is the same job
         */
        key?: string | undefined;
        /**
         * one line for people
         */
        title?: string | undefined;
        /**
         * its share of the progress of its whole
         */
        weight?: number | undefined;
        /**
         * it goes on when the job is cancelled that started it, or of which it is a part
         */
        detached?: boolean | undefined;
    };
    packed?: undefined;
}>;
/**
 * A flow whose members with the option `encrypt` are encrypted.
 * @template {object} F
 * @param {import("./keys.js").KeyRing} ring
 * @param {F} flow
 * @returns {Promise<F>}
 */
export function sealedFlow<F extends object>(ring: import("./keys.js").KeyRing, flow: F): Promise<F>;
/** Whether a flow has a member with the option `encrypt`. @param {Record<string, any>} flow @returns {boolean} */
export function asksForKeys(flow: Record<string, any>): boolean;
