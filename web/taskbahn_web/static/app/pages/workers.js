/** The workers that are attached now: what each may do at a time, what it does, and how its machine is. */

import { useEffect, useRef, useState } from "preact/hooks";

import { workers } from "../data/directory.js";
import { status } from "../data/live.js";
import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { DrainButton } from "../parts/drain.js";
import { Empty, Note, Problem } from "../parts/note.js";
import { Slots } from "../parts/slots.js";
import { Badges, Blocked, EndedJobs, LastWord, Machine, Running, TimeSince } from "../parts/worker-parts.js";
import { link } from "../core/route.js";
import { focusRow } from "../core/rows.js";
import { quote } from "../data/query-words.js";

const MAX_CARD_JOBS = 3; // that a card shows
const MAX_CARD_TASKS = 6;

/** @typedef {import("../../client/wire.js").WorkerView} WorkerView */

export function Workers() {
  useEffect(() => workers.open(), []);
  const [said, say] = useState("");
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useKeys({ j: [() => focusRow(list.current, 1), "Next worker"], k: [() => focusRow(list.current, -1), "Previous worker"] });
  const entries = workers.entries.value;
  const gone = (status.value?.problems ?? []).filter(({ kind }) => kind === "gone_worker");
  return html`<section>
    <div class="page-head"><h1>Workers</h1>${entries && entries.length > 0 && html`<${Sum} workers=${entries} />`}</div>
    <p class="said" role="status">${said}</p>
    ${workers.problem.value && html`<${Problem}>${workers.problem.value}<//>`}
    ${gone.map(({ id, sentence, query, hint }) => html`<${Note} key=${`${id} ${query}`}>${sentence} ${hint}<//>`)}
    ${entries && entries.length === 0 && gone.length === 0 && html`<${NoWorkers} />`}
    ${entries && entries.length > 0 && html`<ul class="workers" ref=${list}>
      ${entries.map((worker) => html`<${Card} key=${worker.id} worker=${worker} onDone=${say} />`)}
    </ul>`}
  </section>`;
}

export function NoWorkers() {
  return html`<${Empty} title="No worker is attached" command="taskbahn worker MODULE:app">
    Jobs wait until one comes. Start a worker with the module that has your tasks:
  <//>`;
}

/** @param {{workers: WorkerView[]}} props */
function Sum({ workers: entries }) {
  const total = (/** @type {"slots" | "running"} */ name) => entries.reduce((sum, worker) => sum + worker[name], 0);
  return html`<p class="muted">${count(entries.length, "worker")}, ${count(total("running"), "job")} on ${count(total("slots"), "slot")}</p>`;
}

/** @param {{worker: WorkerView, onDone: (said: string) => void}} props */
function Card({ worker, onDone }) {
  const { id, host, pid, slots, running, draining, queues, tasks, attached_at, seen, version, python } = worker;
  return html`<li class="panel worker">
    <div class="worker-head">
      <h2><a href=${link("workers", id)}>${id}</a></h2>
      <${Badges} worker=${worker} />
      <${DrainButton} worker=${worker} onDone=${onDone} />
    </div>
    <${Slots} slots=${slots} running=${running} isDraining=${draining} />
    <${Blocked} worker=${worker} />
    <${Running} worker=${worker} most=${MAX_CARD_JOBS} />
    <${Machine} worker=${worker} />
    <p class="worker-facts">
      <span><${EndedJobs} worker=${worker} /></span>
      <span>last word <${LastWord} seen=${seen} /></span>
      <span>attached <${TimeSince} at=${attached_at} /></span>
      ${host && html`<span>${host}${pid ? `, process ${pid}` : ""}</span>`}
      ${version && html`<span>Taskbahn ${version}${python && `, Python ${python}`}</span>`}
    </p>
    <dl class="worker-serves">
      <div><dt>${queues.length === 1 ? "Queue" : "Queues"}</dt><dd>${queues.map((name) => html`<a key=${name} href=${link("jobs", null, { q: `queue:${quote(name)}` })}>${name}</a>`)}</dd></div>
      <div><dt>${tasks.length === 1 ? "Task" : "Tasks"}</dt><dd>
        ${tasks.slice(0, MAX_CARD_TASKS).map((name) => html`<a key=${name} href=${link("tasks", name)}>${name}</a>`)}
        ${tasks.length > MAX_CARD_TASKS && html`<a href=${link("workers", id)}>and ${number(tasks.length - MAX_CARD_TASKS)} more</a>`}
      </dd></div>
    </dl>
  </li>`;
}
