/** The tasks that workers declared; each leads to its form. */

import { useEffect } from "preact/hooks";

import { tasks } from "../directory.js";
import { count, number, summary } from "../format.js";
import { html } from "../html.js";
import { Empty, Problem } from "../parts/note.js";
import { link } from "../route.js";

export function Tasks() {
  useEffect(() => tasks.open(), []);
  const entries = tasks.entries.value;
  return html`<section>
    <div class="page-head"><h1>Tasks</h1></div>
    ${tasks.problem.value && html`<${Problem}>${tasks.problem.value}<//>`}
    ${entries && entries.length === 0 && html`<${NoTasks} />`}
    ${entries && entries.length > 0 && html`<ul class="cards">${entries.map((task) => html`<${Card} key=${task.name} task=${task} />`)}</ul>`}
  </section>`;
}

export function NoTasks() {
  return html`<${Empty} title="No tasks yet" command="taskbahn worker photos:app">
    A task is a Python function under <code>@app.task</code>. Start a worker with the module that has them, and they appear here:
  <//>`;
}

/** @param {{task: import("../../client/wire.js").TaskView}} props */
function Card({ task: { name, doc, workers = 0, ready = 0, running = 0 } }) {
  return html`<li class="card">
    <h2><a href=${link("tasks", name)}>${name}</a></h2>
    <p class="card-doc">${summary(doc)}</p>
    <p class="card-facts">
      <span class=${workers ? "" : "warning"}>${workers ? count(workers, "worker") : "no worker now"}</span>
      ${running > 0 && html`<span>${number(running)} running</span>`}
      ${ready > 0 && html`<span>${number(ready)} ready</span>`}
    </p>
  </li>`;
}
