/** Two short lists of the overview: what failed last, and what has been running for longest. */

import { useEffect, useMemo } from "preact/hooks";

import { VIEW_JOBS, VIEW_WORKERS } from "../../client/wire.js";
import { FINAL_STATES } from "../../taskbahn.js";
import { Answer } from "../data/answer.js";
import { ago, fullTime, wholeDuration } from "../../shared/format.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { ShortList } from "../parts/short-list.js";
import { link } from "../core/route.js";

const MAX_ENTRIES = 6;

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
 * @typedef {import("../../client/wire.js").WorkerView} WorkerView
 */

export function LatestFailures() {
  const failed = useMemo(
    () => /** @type {Answer<{jobs: JobView[]}>} */ (new Answer(VIEW_JOBS, { question: { state: "failed", limit: MAX_ENTRIES }, matters: ({ state }) => state === "failed" })),
    [],
  );
  useEffect(() => failed.open(), [failed]);
  const entries = failed.value.value?.jobs.map(({ id, task, state, error, finished_at, created_at }) => {
    const at = finished_at ?? created_at ?? now.value;
    return { id, task, state, text: plainText([error?.type, error?.message].filter(Boolean).join(": ")), time: ago(at, now.value), timeTitle: fullTime(at) };
  });
  return html`<${ShortList} title="Failed last" where=${link("errors")} empty="No job has failed." entries=${entries ?? null} />`;
}

export function LongestRunning() {
  const workers = useMemo(
    () => /** @type {Answer<WorkerView[]>} */ (new Answer(VIEW_WORKERS, { pause: 3, matters: ({ state }) => Boolean(state) && (state === "running" || FINAL_STATES.has(state ?? "")) })),
    [],
  );
  useEffect(() => workers.open(), [workers]);
  const entries = workers.value.value && findLongest(workers.value.value).map(([id, task, startedAt, worker]) => ({
    id, task, state: "running", text: `on ${worker}`, time: wholeDuration(now.value - startedAt), timeTitle: `since ${fullTime(startedAt)}`,
  }));
  return html`<${ShortList} title="Running for longest" where=${link("jobs", null, { q: "state:running" })} empty="Nothing runs now." entries=${entries} />`;
}

/**
 * The jobs that began first, of all workers.
 * @param {WorkerView[]} workers
 * @returns {[string, string, number, string][]}  id, task, started_at, worker
 */
export function findLongest(workers) {
  const all = workers.flatMap(({ id: worker, jobs = [] }) => jobs.map(([id, task, at]) => /** @type {[string, string, number, string]} */ ([id, task, at, worker])));
  return all.sort((a, b) => a[2] - b[2]).slice(0, MAX_ENTRIES);
}
