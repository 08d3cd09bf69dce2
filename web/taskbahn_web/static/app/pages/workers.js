/** The workers that are attached now. */

import { useEffect } from "preact/hooks";

import { workers } from "../directory.js";
import { ago, fullTime, number } from "../format.js";
import { html } from "../html.js";
import { now } from "../live.js";
import { Bar } from "../parts/bar.js";
import { Empty, Problem } from "../parts/note.js";
import { link } from "../route.js";

export function Workers() {
  useEffect(() => workers.open(), []);
  const entries = workers.entries.value;
  return html`<section>
    <div class="page-head"><h1>Workers</h1></div>
    ${workers.problem.value && html`<${Problem}>${workers.problem.value}<//>`}
    ${entries && entries.length === 0 && html`<${Empty} title="No worker is attached" command="taskbahn worker photos:app">
      Jobs wait until one comes. Start a worker with the module that has your tasks:
    <//>`}
    ${entries && entries.length > 0 && html`<ul class="cards">${entries.map((worker) => html`<${Card} key=${worker.id} worker=${worker} />`)}</ul>`}
  </section>`;
}

/** @param {{worker: import("../../client/wire.js").WorkerView}} props */
function Card({ worker }) {
  const { id, host, pid, slots, running, draining, queues, tasks, attached_at, finished, failed } = worker;
  return html`<li class="card">
    <h2><code>${id}</code></h2>
    <p class="card-slots">
      <${Bar} fraction=${slots ? running / slots : 0} label="Slots in use" />
      <span>${running} of ${slots} slots</span>
    </p>
    <p class="card-facts">
      ${draining && html`<span class="warning">draining</span>`}
      ${host && html`<span>${host}${pid ? `, process ${pid}` : ""}</span>`}
      <span>attached <time title=${fullTime(attached_at)}>${ago(attached_at, now.value)}</time></span>
      <span>${number(finished)} finished</span>
      ${failed > 0 && html`<span>${number(failed)} failed</span>`}
      <span>${queues.length === 1 ? "queue" : "queues"} ${queues.join(", ")}</span>
    </p>
    <p class="card-tasks">${tasks.map((name) => html`<a key=${name} href=${link("tasks", name)}>${name}</a>`)}</p>
  </li>`;
}
