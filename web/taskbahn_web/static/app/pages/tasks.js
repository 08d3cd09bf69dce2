/** The tasks that workers declared, with how they do; each leads to its page. */

import { useEffect, useRef } from "preact/hooks";

import { tasks } from "../data/directory.js";
import { ago, count, duration, fullTime, number, summary } from "../../shared/format.js";
import { html } from "../core/html.js";
import { useKept } from "../core/place.js";
import { useKeys } from "../core/keys.js";
import { now } from "../data/live.js";
import { share } from "../text/measures.js";
import { Empty, Problem } from "../parts/note.js";
import { PausedMark } from "../parts/pause.js";
import { link } from "../core/route.js";
import { focusRow } from "../core/rows.js";
import { quote } from "../data/query-words.js";

/** @typedef {import("../../client/wire.js").TaskView} TaskView */

export function Tasks() {
  useEffect(() => tasks.open(), []);
  const [words, setWords] = useKept("words", "");
  const filter = useRef(/** @type {HTMLInputElement | null} */ (null));
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  useKeys({
    f: [() => filter.current?.select(), "Filter the tasks"],
    j: [() => focusRow(body.current, 1), "Next task"],
    k: [() => focusRow(body.current, -1), "Previous task"],
  });
  const entries = tasks.entries.value;
  const shown = entries?.filter((task) => isMatch(task, words)) ?? [];
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => setWords(currentTarget.value);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") setWords("");
    else if (event.key === "Enter" || event.key === "ArrowDown") focusRow(body.current, 1);
    else return;
    event.preventDefault();
  };
  return html`<section>
    <div class="page-head">
      <h1>Tasks</h1>
      ${entries && entries.length > 0 && html`<label class="filter">
        <span class="unseen">Filter the tasks</span>
        <input type="search" ref=${filter} value=${words} placeholder="Filter by name or words" autocomplete="off" spellcheck=${false} onInput=${onInput} onKeyDown=${onKeyDown} />
      </label>`}
    </div>
    ${tasks.problem.value && html`<${Problem}>${tasks.problem.value}<//>`}
    ${entries && entries.length === 0 && html`<${NoTasks} />`}
    ${shown.length > 0 && html`<${Table} tasks=${shown} body=${body} />`}
    ${entries && entries.length > 0 && html`<p class="muted tasks-count" role="status">${
      shown.length === 0 ? `No task has “${words}” in its name or its documentation.`
      : shown.length < entries.length ? `${number(shown.length)} of ${count(entries.length, "task")}`
      : ""
    }</p>`}
  </section>`;
}

export function NoTasks() {
  return html`<${Empty} title="No tasks yet" command="taskbahn worker photos:app">
    A task is a Python function under <code>@app.task</code>. Start a worker with the module that has them, and they appear here:
  <//>`;
}

/**
 * Whether every word is somewhere in a task's name or documentation.
 * @param {TaskView} task
 * @param {string} words
 */
function isMatch({ name, doc = "" }, words) {
  const text = `${name} ${doc}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** @param {{tasks: TaskView[], body: {current: HTMLElement | null}}} props */
function Table({ tasks: shown, body }) {
  const hasNumbers = shown.some(({ statistics }) => statistics);
  return html`<table class="list tasks">
    <caption class="unseen">Tasks by name; what became of their jobs in the last 24 hours</caption>
    <thead>
      <tr>
        <th scope="col">Task</th>
        <th scope="col" class="cell-number">Workers</th>
        <th scope="col" class="cell-number">Running</th>
        <th scope="col" class="cell-number">Ready</th>
        ${hasNumbers && html`
          <th scope="col" class="cell-number" title="in the last 24 hours">Succeeded</th>
          <th scope="col" class="cell-number" title="in the last 24 hours, and the share of those that ended">Failed</th>
          <th scope="col" class="cell-number" title="how long a job of the last 24 hours ran: median, and what 95 % did not exceed">Run, 95 %</th>
          <th scope="col" class="cell-number" title="when the newest job ended">Last</th>`}
      </tr>
    </thead>
    <tbody ref=${body}>${shown.map((task) => html`<${Row} key=${task.name} task=${task} hasNumbers=${hasNumbers} />`)}</tbody>
  </table>`;
}

/** @param {{task: TaskView, hasNumbers: boolean}} props */
function Row({ task: { name, doc, workers = 0, ready = 0, running = 0, unserved = {}, statistics }, hasNumbers }) {
  const { succeeded = 0, failed = 0, run, run95, last_at } = statistics ?? {};
  return html`<tr>
    <th scope="row" class="cell-task"><a href=${link("tasks", name)}>${name}</a><${PausedMark} query="task:${name}" /><p>${summary(doc)}</p></th>
    <td class="cell-number" data-name="workers">${workers ? number(workers) : html`<span class=${ready ? "bad" : "warning"}>none</span>`}</td>
    <td class="cell-number" data-name="running">${quietNumber(running)}</td>
    <td class="cell-number" data-name="ready">${quietNumber(ready)}<${Unserved} task=${name} queues=${unserved} /></td>
    ${hasNumbers && html`
      <td class="cell-number" data-name="succeeded">${quietNumber(succeeded)}</td>
      <td class="cell-number" data-name="failed">
        ${failed ? html`<span class="bad">${number(failed)}</span> <small>${share(failed, succeeded + failed)}</small>` : quietNumber(0)}
      </td>
      <td class="cell-number" data-name="run">${typeof run === "number" ? html`${duration(run)} <small>${typeof run95 === "number" ? duration(run95) : ""}</small>` : ""}</td>
      <td class="cell-number" data-name="last">${last_at ? html`<time title=${fullTime(last_at)}>${ago(last_at, now.value)}</time>` : ""}</td>`}
  </tr>`;
}

/** What waits and no attached worker can take: in one queue those jobs, else the task, which has them by queue. @param {{task: string, queues: Record<string, number>}} props */
function Unserved({ task, queues }) {
  const names = Object.keys(queues);
  if (!names.length) return null;
  const jobs = names.reduce((sum, queue) => sum + queues[queue], 0);
  const where = names.length === 1 ? link("jobs", null, { q: `state:ready task:${quote(task)} queue:${quote(names[0])}` }) : link("tasks", task);
  return html` <small title="No attached worker can take them, of: ${names.join(", ")}"><a class="bad" href=${where}>${number(jobs)} unserved</a></small>`;
}

/** None is said quietly. @param {number} value */
function quietNumber(value) {
  return value ? number(value) : html`<span class="muted">0</span>`;
}
