/**
 * A composable for Vue 3: a job as it is now, each part of it a ref.
 *
 *     import { useJob } from "taskbahn/vue";
 *     const { state, progress, result } = useJob(() => props.job);
 */

import { getCurrentInstance, onMounted, onScopeDispose, shallowReactive, shallowReadonly, toRefs, toValue, watch } from "vue";

import { idOf, JobStore, NO_JOB } from "./follow/job-store.js";

/**
 * Follow a job while the component is there: also after it has ended, for it may be retried. A server that renders pages follows none.
 * @template [R=any]
 * @param {import("vue").MaybeRefOrGetter<import("./client/job.js").Job<R> | string | null | undefined>} job  a `Job` or an id; null: none yet
 * @param {{bahn?: import("vue").MaybeRefOrGetter<import("./taskbahn.js").Bahn | null | undefined>, url?: import("vue").MaybeRefOrGetter<string | undefined>}} [options]
 * @returns {import("vue").ToRefs<Readonly<import("./follow/job-store.js").JobState<R>>>}
 */
export function useJob(job, { bahn, url } = {}) {
  /** @type {import("./follow/job-store.js").JobState<R>} */
  const state = shallowReactive({ ...NO_JOB });
  let stop = () => {};
  const follow = () => {
    const named = () => /** @type {const} */ ([idOf(toValue(job)), toValue(bahn), toValue(url)]);
    watch(
      named,
      ([id, bahn, url]) => {
        stop();
        const store = new JobStore(id, { bahn, url });
        const take = () => void Object.assign(state, store.read());
        stop = store.subscribe(take);
        take();
      },
      { immediate: true },
    );
  };
  onScopeDispose(() => stop());
  if (getCurrentInstance()) onMounted(follow);
  else follow();
  return toRefs(shallowReadonly(state));
}
