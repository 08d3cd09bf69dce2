/**
 * A hook for React 18 and newer: a job as it is now.
 *
 *     import { useJob } from "taskbahn/react";
 *     const { state, progress, result } = useJob(job);
 */

import { useMemo, useSyncExternalStore } from "react";

import { idOf, JobStore, NO_JOB } from "./follow/job-store.js";

/**
 * Follow a job while the component is there: also after it has ended, for it may be retried.
 * @template [R=any]
 * @param {import("./client/job.js").Job<R> | string | null | undefined} job  a `Job` or an id; null: none yet
 * @param {import("./follow/job-store.js").HookOptions} [options]
 * @returns {import("./follow/job-store.js").JobState<R>}
 */
export function useJob(job, { bahn = null, url = "" } = {}) {
  const id = idOf(job);
  const store = useMemo(() => new JobStore(id, { bahn, url }), [id, bahn, url]);
  return useSyncExternalStore(store.subscribe, store.read, none);
}

/** What a server that renders pages knows. */
function none() {
  return NO_JOB;
}
