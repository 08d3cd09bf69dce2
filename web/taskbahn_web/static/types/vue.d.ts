/**
 * Follow a job while the component is there: also after it has ended, for it may be retried. A server that renders pages follows none.
 * @template [R=any]
 * @param {import("vue").MaybeRefOrGetter<import("./client/job.js").Job<R> | string | null | undefined>} job  a `Job` or an id; null: none yet
 * @param {{bahn?: import("vue").MaybeRefOrGetter<import("./taskbahn.js").Bahn | null | undefined>, url?: import("vue").MaybeRefOrGetter<string | undefined>}} [options]
 * @returns {import("vue").ToRefs<Readonly<import("./follow/job-store.js").JobState<R>>>}
 */
export function useJob<R = any>(job: import("vue").MaybeRefOrGetter<import("./client/job.js").Job<R> | string | null | undefined>, { bahn, url }?: {
    bahn?: import("vue").MaybeRefOrGetter<import("./taskbahn.js").Bahn | null | undefined>;
    url?: import("vue").MaybeRefOrGetter<string | undefined>;
}): import("vue").ToRefs<Readonly<import("./follow/job-store.js").JobState<R>>>;
