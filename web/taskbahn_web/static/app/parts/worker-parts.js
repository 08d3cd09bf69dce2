/** What is shown of a worker, in the list and on its own page. */

import { useEffect } from "preact/hooks";

import { workers } from "../data/directory.js";
import { ago, fullTime, number, wholeDuration } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { bytes, cores, share } from "../text/measures.js";
import { link } from "../core/route.js";
import { Bar } from "./bar.js";

/** @typedef {import("../../client/wire.js").WorkerView} WorkerView */

/** What it takes of its machine; what it does not know is left out. @param {{worker: WorkerView}} props */
export function Machine({ worker: { cpu, memory, load } }) {
  const known = (/** @type {unknown} */ value) => typeof value === "number";
  if (![cpu, memory, load].some(known)) return null;
  return html`<dl class="machine">
    ${known(cpu) && html`<div><dt>CPU</dt><dd>${cores(/** @type {number} */ (cpu))}</dd></div>`}
    ${known(memory) && html`<div><dt>Memory</dt><dd>${bytes(/** @type {number} */ (memory))}</dd></div>`}
    ${known(load) && html`<div title="of its machine: processes that want a core, for each core">
      <dt>Machine load</dt>
      <dd>${Math.round(/** @type {number} */ (load) * 100)} %<${Bar} fraction=${Math.min(1, /** @type {number} */ (load))} state=${/** @type {number} */ (load) > 1 ? "failed" : "succeeded"} label="Load of the machine" /></dd>
    </div>`}
  </dl>`;
}

/** @param {{worker: WorkerView, most: number}} props  most: jobs that are shown, the oldest */
export function Running({ worker: { id, running, jobs = [] }, most }) {
  if (!jobs.length) return html`<p class="muted">${running ? "" : "Nothing runs."}</p>`;
  const shown = jobs.slice(0, most);
  return html`<ul class="worker-jobs" aria-label="What ${id} runs">
    ${shown.map(([job, task, started_at]) => html`<li key=${job}>
      <a href=${link("jobs", job)} title=${job}>${task}</a><span>${wholeDuration(now.value - started_at)}</span>
    </li>`)}
    ${running > shown.length && html`<li><a href=${link("workers", id)}>and ${number(running - shown.length)} more</a></li>`}
  </ul>`;
}

/** What keeps its event loop, if something does. @param {{worker: WorkerView}} props */
export function Blocked({ worker: { blocked } }) {
  if (!blocked) return null;
  const { task, job, at, since } = blocked;
  return html`<p class="problem" role="alert">
    ${job ? html`<a href=${link("jobs", job)} title=${job}>${task}</a>` : "Code that a task left behind"} blocks its event loop at <code>${at}</code>${" "}
    for <span role="timer">${wholeDuration(now.value - since)}</span>: its other async tasks wait.
  </p>`;
}

/** That a job which runs blocks its worker's event loop, and where. @param {{id: string}} props  the job's */
export function BlockedByJob({ id }) {
  useEffect(() => workers.open(), []);
  const blocked = workers.entries.value?.find((worker) => worker.blocked?.job === id)?.blocked;
  if (!blocked) return null;
  return html`<p class="problem" role="alert">
    It blocks the worker's event loop at <code>${blocked.at}</code> for <span role="timer">${wholeDuration(now.value - blocked.since)}</span>: other async tasks there wait.
  </p>`;
}

/** The words after a worker's name. @param {{worker: WorkerView}} props */
export function Badges({ worker: { draining, drained, blocked } }) {
  return html`${blocked && html`<span class="badge-warn" title="It does not answer for its async tasks">blocked</span>`}
    ${(draining || drained) && html`<span class="badge-warn">${drained ? "drained" : "leaving"}</span>`}`;
}

/** @param {{at: number}} props */
export function TimeSince({ at }) {
  return html`<time title=${fullTime(at)}>${ago(at, now.value)}</time>`;
}

/** When it spoke last; a few seconds are usual. @param {{seen?: number}} props  seconds since then */
export function LastWord({ seen = 0 }) {
  return html`<span class=${seen > 30 ? "warning" : ""}>${seen < 2 ? "just now" : `${wholeDuration(seen)} ago`}</span>`;
}

/** @param {{worker: WorkerView}} props */
export function EndedJobs({ worker: { finished, failed } }) {
  return html`${number(finished)} finished${failed > 0 && html`, <span class="bad">${number(failed)} failed</span> <small>${share(failed, finished)}</small>`}`;
}
