/** One task: what it does, the form to start it, its jobs. */

import { useEffect, useMemo, useState } from "preact/hooks";

import { JOB_GET } from "../../client/wire.js";
import { tasks } from "../directory.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { JobList } from "../job-list.js";
import { bahn } from "../live.js";
import { JobTable } from "../parts/job-table.js";
import { Empty, Problem } from "../parts/note.js";
import { TaskForm } from "../parts/task-form.js";
import { go, link } from "../route.js";
import { named } from "./job-facts.js";

/** @param {{name: string, from: string | null}} props  from: id of a job whose arguments to begin with */
export function Task({ name, from }) {
  useEffect(() => tasks.open(), []);
  const entries = tasks.entries.value;
  const task = entries?.find((each) => each.name === name);
  if (!entries) return html`<section>${tasks.problem.value && html`<${Problem}>${tasks.problem.value}<//>`}</section>`;
  if (!task) {
    return html`<section><${Empty} title="There is no task ${name}" command="taskbahn worker photos:app">
      No worker has declared it. See <a href=${link("tasks")}>the tasks that there are</a>, or start a worker that offers it:
    <//></section>`;
  }
  const { doc, workers = 0, pool } = task;
  return html`<section>
    <p class="crumbs"><a href=${link("tasks")}>Tasks</a></p>
    <div class="page-head"><h1 class="name">${name}</h1></div>
    <p class="facts-line">
      <span class=${workers ? "" : "warning"}>${workers ? count(workers, "worker") : "No worker offers it now; jobs will wait"}</span>
      ${pool && html`<span>${pool} pool</span>`}
    </p>
    <div class="split">
      <div class="panel">
        <h2>Start a job</h2>
        ${doc && html`<p class="doc">${doc}</p>`}
        <${Prefilled} task=${task} from=${from} />
      </div>
      <${Recent} task=${name} />
    </div>
  </section>`;
}

/** The form, once the arguments to begin with are there. @param {{task: import("../../client/wire.js").TaskView, from: string | null}} props */
function Prefilled({ task, from }) {
  const [given, setGiven] = useState(/** @type {Record<string, unknown> | null} */ (from ? null : {}));
  useEffect(() => {
    if (from) bahn.ask(JOB_GET, [from]).then((job) => setGiven(named(job, task.signature)), () => setGiven({}));
  }, [from]);
  if (!given) return null;
  return html`<${TaskForm} key=${task.signature?.digest} task=${task} given=${given} onStarted=${(/** @type {string} */ id) => go(link("jobs", id))} />`;
}

/** @param {{task: string}} props */
function Recent({ task }) {
  const list = useMemo(() => new JobList({ task }), [task]);
  useEffect(() => list.open(), [list]);
  const jobs = list.jobs.value.slice(0, 12);
  return html`<div class="recent">
    <h2>Latest jobs</h2>
    ${jobs.length > 0 && html`<${JobTable} jobs=${jobs} caption="Latest jobs of ${task}" />`}
    ${jobs.length === 0 && !list.isLoading.value && html`<p class="muted">None yet.</p>`}
    ${list.jobs.value.length > jobs.length && html`<p><a href=${link("jobs", null, { task })}>All its jobs</a></p>`}
  </div>`;
}
