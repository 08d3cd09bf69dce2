/** What became of the newest due times of a schedule: its jobs, how late they were, and why there was none. */

import { useState } from "preact/hooks";

import { day, fullTime, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { latenessText, reasonText } from "../text/schedule-text.js";
import { Outcome } from "./schedule-parts.js";

/** @typedef {import("../../client/schedule-views.js").ScheduleFiring} ScheduleFiring */

const AT_FIRST = 20; // entries

/** @param {{firings: ScheduleFiring[], jitter?: number, id: string}} props */
export function ScheduleHistory({ firings, jitter, id }) {
  const [areAllShown, showAll] = useState(false);
  if (!firings.length) return html`<p class="muted">No due time has come since it was made.</p>`;
  const shown = areAllShown ? firings : firings.slice(0, AT_FIRST);
  return html`<table class="table firings">
      <caption class="unseen">What became of the newest due times of ${id}, newest first</caption>
      <thead>
        <tr><th scope="col">Due</th><th scope="col">Outcome</th><th scope="col" class="figure">Late</th><th scope="col">Why</th></tr>
      </thead>
      <tbody>${shown.map((firing) => html`<${Entry} key="${firing.due_at} ${firing.fired_at}" firing=${firing} jitter=${jitter} />`)}</tbody>
    </table>
    ${shown.length < firings.length && html`<p class="more-pauses"><button class="quiet" onClick=${() => showAll(true)}>Show all ${number(firings.length)}</button></p>`}`;
}

/** @param {{firing: ScheduleFiring, jitter?: number}} props */
function Entry({ firing, jitter }) {
  const { due_at, fired_at, job, outcome } = firing;
  const late = latenessText(firing, jitter).replace(/ late$/, "");
  const why = reasonText(firing);
  return html`<tr>
    <th scope="row"><time title=${fullTime(due_at)}>${day(due_at)}<small>:${String(Math.floor(due_at % 60)).padStart(2, "0")}</small></time></th>
    <td class="cell-outcome"><${Outcome} firing=${firing} /></td>
    <td class="figure" data-name="Late"><span title="decided at ${fullTime(fired_at)}">${late || "–"}</span></td>
    <td class="cell-why">${why}${job && outcome !== "fired" && html` <a href=${link("jobs", job)}>Show that job</a>`}</td>
  </tr>`;
}
