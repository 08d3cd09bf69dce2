/** Jobs, one a row: state, task, how far or how it ended, when, how long. */

import { ago, duration, fullTime, percent, shortId, wholeDuration } from "../format.js";
import { howFar } from "../how-far.js";
import { html } from "../html.js";
import { now } from "../live.js";
import { link } from "../route.js";
import { Bar } from "./bar.js";
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
  const { id, task, state, created_at = 0 } = job;
  return html`<tr>
    <td class="cell-state"><${State} state=${state} /></td>
    <th class="cell-job" scope="row"><a href=${link("jobs", id)} title=${id}><span>${task}</span> <code>${shortId(id)}</code></a></th>
    <td class="cell-progress"><${How} job=${job} /></td>
    <td class="cell-when"><time title=${fullTime(created_at)}>${ago(created_at, now.value)}</time></td>
    <td class="cell-took">${took(job)}</td>
  </tr>`;
}

/** @param {{job: JobView}} props */
function How({ job }) {
  const { state, progress, error, due_at, task } = job;
  if (state === "running") {
    const { fraction, text } = howFar(progress);
    return html`<span class="how">
      <${Bar} fraction=${fraction} label="Progress of ${task}" />
      <span class="how-much">${fraction === null ? "" : percent(fraction)}</span><span class="how-text">${text}</span>
    </span>`;
  }
  if (state === "waiting" && due_at) return html`<span class="muted">due ${ago(due_at, now.value)}</span>`;
  if (state === "failed" && error) return html`<span class="how-failed">${[error.type, error.message].filter(Boolean).join(": ")}</span>`;
  return "";
}

/** @param {JobView} job */
function took({ state, started_at, finished_at }) {
  if (!started_at) return "";
  if (state === "running") return wholeDuration(now.value - started_at);
  return finished_at ? duration(finished_at - started_at) : "";
}
