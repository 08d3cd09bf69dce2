/** A few jobs, one a row: state, task, how far or how it ended, when, how long. */

import { ago, fullTime, shortId } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { link } from "../core/route.js";
import { ProgressCell, durationText } from "./job-cells.js";
import { cutOf, jobName } from "../text/flow-text.js";
import { State } from "./state.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

/** @param {{jobs: JobView[], caption: string}} props */
export function JobTable({ jobs, caption }) {
  return html`<table class="jobs">
    <caption class="unseen">${caption}</caption>
    <thead>
      <tr><th scope="col">State</th><th scope="col">Job</th><th scope="col">Progress</th><th scope="col">Accepted</th><th scope="col">Took</th></tr>
    </thead>
    <tbody>${jobs.map((job) => html`<${Row} key=${job.id} job=${job} />`)}</tbody>
  </table>`;
}

/** @param {{job: JobView}} props */
function Row({ job }) {
  const { id, state, created_at = 0 } = job;
  return html`<tr>
    <td class="cell-state"><${State} state=${state} /></td>
    <th class="cell-job" scope="row"><a href=${link("jobs", id)} title="${job.task} ${id}"><span class=${cutOf(job)}><bdi>${jobName(job)}</bdi></span> <code>${shortId(id)}</code></a></th>
    <td class="cell-progress"><${ProgressCell} job=${job} /></td>
    <td class="cell-when"><time title=${fullTime(created_at)}>${ago(created_at, now.value)}</time></td>
    <td class="cell-took">${durationText(job)}</td>
  </tr>`;
}
