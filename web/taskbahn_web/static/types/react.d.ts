/**
 * Follow a job while the component is there: also after it has ended, for it may be retried.
 * @template [R=any]
 * @param {import("./client/job.js").Job<R> | string | null | undefined} job  a `Job` or an id; null: none yet
 * @param {import("./follow/job-store.js").HookOptions} [options]
 * @returns {import("./follow/job-store.js").JobState<R>}
 */
export function useJob<R = any>(job: import("./client/job.js").Job<R> | string | null | undefined, { bahn, url }?: import("./follow/job-store.js").HookOptions): import("./follow/job-store.js").JobState<R>;
