/** One job: how far it is, what it says, how it ended, and what can be done about it. */

import { useEffect, useMemo, useState } from "preact/hooks";

import { FINAL_STATES, RETRIABLE_STATES, sentence } from "../../taskbahn.js";
import { ago, duration, percent, wholeDuration } from "../format.js";
import { howFar } from "../how-far.js";
import { html } from "../html.js";
import { JobFeed } from "../job-feed.js";
import { bahn, now } from "../live.js";
import { Bar } from "../parts/bar.js";
import { FailureView } from "../parts/failure.js";
import { Log } from "../parts/log.js";
import { Empty, Problem } from "../parts/note.js";
import { Stages } from "../parts/stages.js";
import { State } from "../parts/state.js";
import { Value } from "../parts/value.js";
import { link } from "../route.js";
import { Arguments, Attempts, Facts } from "./job-facts.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

/** @param {{id: string}} props */
export function Job({ id }) {
  const feed = useMemo(() => new JobFeed(id), [id]);
  useEffect(() => feed.open(), [feed]);
  const job = feed.job.value;
  if (!job) {
    return html`<section>${feed.problem.value && html`<${Empty} title="This job cannot be shown">
      ${feed.problem.value} <a href=${link("jobs")}>Show all jobs</a>
    <//>`}</section>`;
  }
  const [log, chunks, stages] = [feed.log.value, feed.chunks.value, job.progress?.stages ?? []];
  const isFinal = FINAL_STATES.has(job.state);
  return html`<section class="job">
    <p class="crumbs"><a href=${link("jobs")}>Jobs</a></p>
    <div class="page-head">
      <h1 class="name"><a href=${link("tasks", job.task)}>${job.task}</a></h1>
      <${Actions} job=${job} />
    </div>
    <${Headline} job=${job} />
    ${feed.problem.value && html`<${Problem}>${feed.problem.value}<//>`}
    <div class="split split-job">
      <div class="work">
        ${job.error && html`<${Panel} title="Error"><${FailureView} error=${job.error} /><//>`}
        ${job.state === "succeeded" && html`<${Panel} title="Result"><${Value} value=${job.result ?? null} label="Result" /><//>`}
        ${stages.length > 0 && html`<${Panel} title="Stages"><${Stages} stages=${stages} state=${job.state} end=${job.finished_at} /><//>`}
        ${chunks.length > 0 && html`<${Panel} title="Stream"><${Chunks} chunks=${chunks} /><//>`}
        ${(log.length > 0 || !isFinal) && html`<${Panel} title="Log">
          ${log.length > 0 ? html`<${Log} lines=${log} isLive=${!isFinal} />` : html`<p class="muted">Nothing yet. What the task logs or prints comes here.</p>`}
        <//>`}
      </div>
      <div class="about">
        <${Panel} title="Arguments"><${Arguments} job=${job} /><//>
        <${Panel} title="About"><${Facts} job=${job} /><//>
        ${(job.attempts ?? []).length > 0 && html`<${Panel} title="Attempts"><${Attempts} job=${job} /><//>`}
      </div>
    </div>
  </section>`;
}

/** @param {{title: string, children?: import("../html.js").Children}} props */
function Panel({ title, children }) {
  return html`<section class="panel" aria-label=${title}><h2>${title}</h2>${children}</section>`;
}

/** How much of the bar is drawn where nobody knows how far the job was. @type {Record<string, number>} */
const ENDED = { failed: 1, cancelled: 1, expired: 1 };

/** @param {{job: JobView}} props */
function Headline({ job }) {
  const { state, progress, task, started_at, finished_at, due_at } = job;
  const { fraction: known, text } = howFar(progress);
  const fraction = state === "succeeded" ? 1 : known;
  const time =
    state === "waiting" && due_at ? `due ${ago(due_at, now.value)}`
    : !started_at || state === "ready" || state === "waiting" ? ""
    : finished_at ? `took ${duration(finished_at - started_at)}`
    : wholeDuration(now.value - started_at);
  return html`<div class="headline">
    <p class="headline-line">
      <span role="status"><${State} state=${state} /></span>
      <span class="headline-text">${state === "running" ? text : ""}</span>
      <span class="headline-share">${fraction !== null && state !== "succeeded" ? percent(fraction) : ""}</span>
      <span class="headline-time">${time}</span>
    </p>
    <${Bar} fraction=${fraction ?? ENDED[state] ?? (state === "running" ? null : 0)} state=${state} size="thick" label="Progress of ${task}" />
  </div>`;
}

/** @param {{job: JobView}} props */
function Actions({ job }) {
  const [problem, setProblem] = useState("");
  const act = async (/** @type {() => Promise<unknown[]>} */ action) => {
    setProblem("");
    try {
      const [answer] = await action();
      if (answer instanceof Error) throw answer;
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  const { id, state, task } = job;
  return html`<div class="actions">
    ${problem && html`<${Problem}>${problem}<//>`}
    ${!FINAL_STATES.has(state) && html`<button class="danger" onClick=${() => act(() => bahn.cancel([id]))}>Cancel</button>`}
    ${RETRIABLE_STATES.has(state) && html`<button class="primary" onClick=${() => act(() => bahn.retry([id]))}>Retry</button>`}
    ${FINAL_STATES.has(state) && html`<a class="button" href=${link("tasks", task, { from: id })}>Start another like it</a>`}
  </div>`;
}

/** @param {{chunks: import("../../client/wire.js").Event[]}} props */
function Chunks({ chunks }) {
  if (chunks.every(({ data }) => typeof data === "string")) {
    return html`<pre class="value stream" tabindex="0" aria-label="Stream">${chunks.map(({ data }) => data).join("")}</pre>`;
  }
  return html`<ol class="chunks">${chunks.slice(-200).map(({ number, data }) => html`<li key=${number}><code>${JSON.stringify(data)}</code></li>`)}</ol>`;
}
