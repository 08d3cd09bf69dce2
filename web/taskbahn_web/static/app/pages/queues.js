/** The lines in which jobs wait: how long they are, how old their first job is, and how fast they move. */

import { useEffect, useMemo, useRef } from "preact/hooks";

import { VIEW_QUEUES } from "../../client/wire.js";
import { Answer } from "../data/answer.js";
import { fullTime, number, rate, wholeDuration } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { now } from "../data/live.js";
import { Empty, Problem } from "../parts/note.js";
import { PauseButton, PausedMark, usePausing } from "../parts/pause.js";
import { link } from "../core/route.js";
import { focusRow } from "../core/rows.js";
import { quote } from "../data/query-words.js";

/** @typedef {import("../../client/wire.js").QueueView} QueueView */

const RELOAD_PAUSE_SECONDS = 1; // seconds between two looks, while something happens

export function Queues() {
  const answer = useMemo(() => /** @type {Answer<QueueView[]>} */ (new Answer(VIEW_QUEUES, { pause: RELOAD_PAUSE_SECONDS, matters: ({ state }) => Boolean(state) })), []);
  useEffect(() => answer.open(), [answer]);
  const { ask, shown } = usePausing();
  const queues = answer.value.value;
  return html`<section>
    <div class="page-head"><h1>Queues</h1></div>
    ${shown}
    ${answer.problem.value && html`<${Problem}>${answer.problem.value}<//>`}
    ${queues && queues.length === 0 && html`<${Empty} title="No queue yet" command="taskbahn worker photos:app --queues default">
      A queue is there as soon as a worker serves it or a job is put into it. Start a worker; without <code>--queues</code> it serves “default”:
    <//>`}
    ${queues && queues.length > 0 && html`<${Table} queues=${queues} ask=${ask} />`}
  </section>`;
}

/** @param {{queues: QueueView[], ask: import("../parts/pause.js").Pausing["ask"]}} props */
function Table({ queues, ask }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  useKeys({ j: [() => focusRow(body.current, 1), "Next queue"], k: [() => focusRow(body.current, -1), "Previous queue"] });
  return html`<table class="table queues">
    <caption class="unseen">Queues, by name</caption>
    <thead>
      <tr>
        <th scope="col">Queue</th><th scope="col" class="figure">Ready</th><th scope="col" class="figure">Not due yet</th><th scope="col" class="figure">Running</th>
        <th scope="col" class="figure">Oldest ready</th><th scope="col" class="figure">Finished</th><th scope="col" class="figure">Workers</th>
        ${!isReadOnly && html`<th scope="col"><span class="unseen">Pause</span></th>`}
      </tr>
    </thead>
    <tbody ref=${body}>${queues.map((queue) => html`<${Row} key=${queue.name} queue=${queue} ask=${ask} />`)}</tbody>
  </table>`;
}

/** @param {{queue: QueueView, ask: import("../parts/pause.js").Pausing["ask"]}} props */
function Row({ queue: { name, ready, waiting, running, workers, oldest, rate: speed }, ask }) {
  const of = (/** @type {string} */ state) => link("jobs", null, { q: `state:${state} queue:${quote(name)}` });
  const isStuck = workers === 0 && ready > 0;
  return html`<tr>
    <th scope="row"><a href=${link("jobs", null, { q: `queue:${quote(name)}` })} title="Jobs of the queue ${name}">${name}</a><${PausedMark} query="queue:${name}" hasDetails /></th>
    <td class="figure" data-name="Ready">${ready ? html`<a href=${of("ready")}>${number(ready)}</a>` : "0"}</td>
    <td class="figure" data-name="Not due yet">${waiting ? html`<a href=${of("waiting")}>${number(waiting)}</a>` : "0"}</td>
    <td class="figure" data-name="Running">${running ? html`<a href=${of("running")}>${number(running)}</a>` : "0"}</td>
    <td class="figure" data-name="Oldest ready">${oldest ? html`<time title="accepted ${fullTime(oldest)}">${wholeDuration(now.value - oldest)}</time>` : html`<span class="muted">–</span>`}</td>
    <td class="figure" data-name="Finished">${rate(speed ?? 0)}</td>
    <td class="figure" data-name="Workers">${isStuck ? html`<a class="bad" href=${link("workers")} title="Jobs are ready, and no worker serves this queue">none</a>` : number(workers)}</td>
    ${!isReadOnly && html`<td class="cell-act"><${PauseButton} query="queue:${name}" ask=${ask} /></td>`}
  </tr>`;
}
