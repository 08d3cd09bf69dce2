/** One worker: its slots, what it runs, where it is. */

import { useEffect, useMemo, useState } from "preact/hooks";

import { FINAL_STATES } from "../../taskbahn.js";
import { workers } from "../data/directory.js";
import { html } from "../core/html.js";
import { JobList } from "../data/job-list.js";
import { DrainButton } from "../parts/drain.js";
import { JobTable } from "../parts/job-table.js";
import { Empty, Problem } from "../parts/note.js";
import { Slots } from "../parts/slots.js";
import { Badges, Blocked, EndedJobs, LastWord, Machine, TimeSince } from "../parts/worker-parts.js";
import { link } from "../core/route.js";
import { exact, quote } from "../data/query-words.js";

const MAX_RUNNING_JOBS = 50; // jobs that are shown, the newest
const MAX_ENDED_JOBS = 12;

/** @typedef {import("../../client/wire.js").WorkerView} WorkerView */

/** @param {{id: string}} props */
export function Worker({ id }) {
  useEffect(() => workers.open(), []);
  const [said, say] = useState("");
  const entries = workers.entries.value;
  const worker = entries?.find((each) => each.id === id);
  if (!entries) return html`<section>${workers.problem.value && html`<${Problem}>${workers.problem.value}<//>`}</section>`;
  if (!worker) {
    return html`<section><h1 class="unseen">${id}</h1><${Empty} title="Worker ${id} is not attached">
      It has left, or is not connected now. Jobs that it ran are <a href=${link("jobs", null, { q: `worker:${quote(id)}` })}>in the list of jobs</a>,
      and <a href=${link("workers")}>here are the workers that there are</a>.
    <//></section>`;
  }
  const { slots, running, draining } = worker;
  return html`<section class="worker-page">
    <p class="crumbs"><a href=${link("workers")}>Workers</a></p>
    <div class="page-head">
      <h1 class="name">${id} <${Badges} worker=${worker} /></h1>
      <p class="actions"><a class="button" href=${link("jobs", null, { q: `worker:${quote(id)}` })}>Its jobs</a><${DrainButton} worker=${worker} onDone=${say} /></p>
    </div>
    <p class="said" role="status">${said}</p>
    <${Blocked} worker=${worker} />
    <div class="panel"><${Slots} slots=${slots} running=${running} isDraining=${draining} /><${Machine} worker=${worker} /></div>
    <div class="split split-job">
      <div class="work">
        <${Jobs} title="Runs now" caption="What ${id} runs" wanted=${{ worker: exact(id), state: ["running"] }} most=${MAX_RUNNING_JOBS} />
        <${Jobs} title="Ran last" caption="What ${id} ran last" wanted=${{ worker: exact(id), state: [...FINAL_STATES] }} most=${MAX_ENDED_JOBS} />
      </div>
      <div class="about"><${About} worker=${worker} /></div>
    </div>
  </section>`;
}

/**
 * Some of its jobs, live.
 * @param {{title: string, caption: string, wanted: import("../data/query.js").Wanted, most: number}} props
 */
function Jobs({ title, caption, wanted, most }) {
  const list = useMemo(() => new JobList(wanted), [caption]);
  useEffect(() => list.open(), [list]);
  const jobs = list.jobs.value.slice(0, most);
  return html`<div class="recent-of">
    <h2>${title}</h2>
    ${jobs.length > 0 && html`<${JobTable} jobs=${jobs} caption=${caption} />`}
    ${jobs.length === 0 && !list.isLoading.value && html`<p class="muted">Nothing.</p>`}
  </div>`;
}

/** @param {{worker: WorkerView}} props */
function About({ worker }) {
  const { host, pid, version, python, queues, tasks, attached_at, seen } = worker;
  /** @type {[string, unknown][]} */
  const rows = [
    ["Jobs", html`<${EndedJobs} worker=${worker} />`],
    ["Last word", html`<${LastWord} seen=${seen} />`],
    ["Attached", html`<${TimeSince} at=${attached_at} />`],
    ["Host", host],
    ["Process", pid || null],
    ["Taskbahn", version],
    ["Python", python],
  ];
  return html`<div class="panel">
      <h2>About</h2>
      <dl class="facts">${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </div>
    <div class="panel"><h2>Serves</h2>
      <dl class="worker-serves">
        <div><dt>Queues</dt><dd>${queues.map((name) => html`<a key=${name} href=${link("jobs", null, { q: `queue:${quote(name)}` })}>${name}</a>`)}</dd></div>
        <div><dt>Tasks</dt><dd>${tasks.map((name) => html`<a key=${name} href=${link("tasks", name)}>${name}</a>`)}</dd></div>
      </dl>
    </div>`;
}
