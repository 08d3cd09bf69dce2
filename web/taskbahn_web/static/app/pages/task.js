/** One task: what it does and how it does, the form to start it, its jobs, and how to call it from elsewhere. */

import { useEffect, useMemo, useState } from "preact/hooks";

import { ANY_SIGNATURE } from "../../shared/schema.js";
import { JOB_GET } from "../../client/wire.js";
import { isReadOnly } from "../core/access.js";
import { tasks } from "../data/directory.js";
import { docstringProse } from "../text/docstring.js";
import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { JobList } from "../data/job-list.js";
import { bahn } from "../data/live.js";
import { pauseOf } from "../data/pauses.js";
import { JobTable } from "../parts/job-table.js";
import { Empty, Problem } from "../parts/note.js";
import { PauseButton, PauseNotices, usePausing } from "../parts/pause.js";
import { SignatureView } from "../parts/signature.js";
import { Snippets } from "../parts/snippets.js";
import { StartedJob } from "../parts/started-job.js";
import { TaskForm } from "../parts/task-form.js";
import { TaskNumbers } from "../parts/task-numbers.js";
import { go, link } from "../core/route.js";
import { namedArguments } from "./job-facts.js";
import { quote } from "../data/query-words.js";

/** @typedef {import("../../client/wire.js").TaskView} TaskView */

const MAX_LATEST_JOBS = 10; // of the latest

/** @param {{name: string, from: string | null}} props  from: id of a job whose arguments to begin with */
export function Task({ name, from }) {
  useEffect(() => tasks.open(), []);
  const [draft, setDraft] = useState(/** @type {import("../parts/task-form.js").Draft} */ ({ args: [], kwargs: {}, options: {} }));
  const { ask, shown } = usePausing();
  const entries = tasks.entries.value;
  const task = entries?.find((each) => each.name === name);
  if (!entries) return html`<section>${tasks.problem.value && html`<${Problem}>${tasks.problem.value}<//>`}</section>`;
  if (!task) {
    return html`<section><h1 class="unseen">${name}</h1><${Empty} title="There is no task ${name}" command="taskbahn worker MODULE:app">
      No worker has declared it. See <a href=${link("tasks")}>the tasks that there are</a>, or start a worker that offers it:
    <//></section>`;
  }
  const query = `task:${name}`;
  const doc = docstringProse(task.doc, task.signature);
  return html`<section class="task">
    <p class="crumbs"><a href=${link("tasks")}>Tasks</a></p>
    <div class="page-head">
      <h1 class="name">${name}</h1>
      <p class="actions">
        <a class="button" href=${link("jobs", null, { q: `task:${quote(name)}` })}>Its jobs</a>
        <a class="button" href=${link("errors", null, { task: name })}>Its errors</a>
        ${!isReadOnly && html`<${PauseKey} query=${query} ask=${ask} />`}
        ${!pauseOf(query) && html`<${PauseButton} query=${query} ask=${ask} />`}
      </p>
    </div>
    ${shown}
    <${PauseNotices} pauses=${findPauses(task)} ask=${ask} />
    <${Facts} task=${task} />
    ${doc && html`<p class="doc task-doc">${doc}</p>`}
    ${task.statistics && html`<${TaskNumbers} task=${name} statistics=${task.statistics} />`}
    <div class="split">
      <div class="work">
        ${!isReadOnly && html`<${Start} task=${task} from=${from} onDraft=${setDraft} />`}
        <div class="panel"><h2>Takes and gives</h2><${SignatureView} signature=${task.signature ?? ANY_SIGNATURE} /></div>
      </div>
      <div class="work">
        <${Recent} task=${name} />
        ${!isReadOnly && html`<${Snippets} task=${name} draft=${draft} />`}
        <${Options} options=${task.options ?? {}} />
      </div>
    </div>
  </section>`;
}

/** The pauses that hold its jobs, unless these have a queue of their own. @param {TaskView} task */
function findPauses({ name, options = {} }) {
  return ["", `task:${name}`, `queue:${options.queue ?? "default"}`].map(pauseOf).filter((pause) => pause !== null);
}

/** @param {{query: string, ask: import("../parts/pause.js").Pausing["ask"]}} props */
function PauseKey({ query, ask }) {
  useKeys({ p: [() => ask(query), "Pause the task, or resume it"] });
  return null;
}

/** @param {{task: TaskView}} props */
function Facts({ task: { name, workers = 0, pool, ready = 0, running = 0, unserved = {}, options = {} } }) {
  return html`<p class="facts-line">
    <span class=${workers ? "" : "warning"}>${workers ? count(workers, "worker") : "No worker offers it now; jobs will wait"}</span>
    <span>${number(running)} running</span>
    <span>${number(ready)} ready</span>
    ${Object.entries(unserved).map(([queue, jobs]) => html`<a key=${queue} class="warning" href=${link("jobs", null, { q: `state:ready task:${quote(name)} queue:${quote(queue)}` })}>${count(jobs, "job")} in ${queue}, which no worker serves for it</a>`)}
    <span>queue ${options.queue ?? "default"}</span>
    ${pool && html`<span>${pool} pool</span>`}
  </p>`;
}

/**
 * The form, once the arguments to begin with are there, and the last job that was started here.
 * @param {{task: TaskView, from: string | null, onDraft: (draft: import("../parts/task-form.js").Draft) => void}} props
 */
function Start({ task, from, onDraft }) {
  /** @typedef {{given: Record<string, unknown>, options: Record<string, unknown>}} Begin */
  const [begin, setBegin] = useState(/** @type {Begin | null} */ (from ? null : { given: {}, options: {} }));
  const [started, setStarted] = useState("");
  useEffect(() => {
    const take = (/** @type {import("../../client/wire.js").JobView} */ job) => setBegin({ given: namedArguments(job, task.signature), options: job.options ?? {} });
    if (from) bahn.ask(JOB_GET, [from]).then(take, () => setBegin({ given: {}, options: {} }));
  }, [from]);
  if (!begin) return html`<div class="panel"></div>`;
  const onStarted = (/** @type {string} */ id, /** @type {boolean} */ stays) => (stays ? setStarted(id) : go(link("jobs", id)));
  return html`<div class="panel">
    <h2>Start a job</h2>
    <${TaskForm} key=${task.signature?.digest} task=${task} ...${begin} onStarted=${onStarted} onDraft=${onDraft} />
    ${started && html`<${StartedJob} key=${started} id=${started} />`}
  </div>`;
}

/** @param {{task: string}} props */
function Recent({ task }) {
  const list = useMemo(() => new JobList({ task }), [task]);
  useEffect(() => list.open(), [list]);
  const jobs = list.jobs.value.slice(0, MAX_LATEST_JOBS);
  return html`<div class="recent">
    <h2>Latest jobs</h2>
    ${jobs.length > 0 && html`<${JobTable} jobs=${jobs} caption="Latest jobs of ${task}" />`}
    ${jobs.length === 0 && !list.isLoading.value && html`<p class="muted">None yet.</p>`}
    ${list.jobs.value.length > jobs.length && html`<p><a href=${link("jobs", null, { q: `task:${quote(task)}` })}>All its jobs</a></p>`}
  </div>`;
}

/** What holds for all its jobs. @param {{options: Record<string, unknown>}} props */
function Options({ options }) {
  const entries = Object.entries(options);
  if (!entries.length) return null;
  return html`<section class="panel" aria-label="Its options">
    <h2>Options</h2>
    <dl class="facts task-options">
      ${entries.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd><code>${typeof value === "string" ? value : JSON.stringify(value)}</code></dd></div>`)}
    </dl>
  </section>`;
}
