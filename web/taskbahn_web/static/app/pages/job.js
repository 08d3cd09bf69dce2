/** One job: how far it is or why it waits, what it says, how it ended, and what can be done about it. */

import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";

import { expectation, roughDuration } from "../../shared/expected.js";
import { barShare, shownFraction, summarizeProgress } from "../../shared/how-far.js";
import { isComplete } from "../../shared/job-view.js";
import { FINAL_STATES } from "../../taskbahn.js";
import { ago, count, duration, fullTime, percent, shortId, wholeDuration } from "../../shared/format.js";
import { placeFacts } from "../../shared/place.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { isReadOnly } from "../core/access.js";
import { AuditList } from "../data/audit-list.js";
import { JobFeed } from "../data/job-feed.js";
import { keysVersion } from "../data/keyring.js";
import { now } from "../data/live.js";
import { pauseOf } from "../data/pauses.js";
import { AuditNotes } from "../parts/audit-rows.js";
import { Bar } from "../parts/bar.js";
import { Chunks } from "../parts/chunks.js";
import { JobActions } from "../parts/job-actions.js";
import { JobGraphView } from "../parts/job-graph.js";
import { JobKey } from "../parts/job-key.js";
import { JobMembers } from "../parts/job-members.js";
import { JobOutcome, Panel } from "../parts/job-outcome.js";
import { JobPaused } from "../parts/job-pause.js";
import { JobQuestions } from "../parts/job-questions.js";
import { Log } from "../parts/log.js";
import { Empty, Note, Problem } from "../parts/note.js";
import { PauseButton, usePausing } from "../parts/pause.js";
import { Stages } from "../parts/stages.js";
import { State } from "../parts/state.js";
import { Timeline } from "../parts/timeline.js";
import { Value } from "../parts/value.js";
import { WaitReasons } from "../parts/wait-reasons.js";
import { BlockedByJob } from "../parts/worker-parts.js";
import { link } from "../core/route.js";
import { STATE_SIGNS, isFlow, jobName } from "../text/flow-text.js";
import { endText, subjectOf } from "../text/pause-text.js";
import { useTitle } from "../core/title.js";
import { Arguments, Facts } from "./job-facts.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

const MAX_ENTRIES = 8; // of the audit, beside a job

/** @param {{id: string}} props */
export function Job({ id }) {
  const feed = useMemo(() => new JobFeed(id), [id, keysVersion.value]); // with another key it is read again
  useLayoutEffect(() => feed.open(), [feed]); // before the first drawing: each frame counts until its progress is seen
  const { ask, shown } = usePausing();
  const job = feed.job.value;
  useTitle(job ? `${STATE_SIGNS[job.state] ?? ""} ${job.title || jobName(job)} ${shortId(id)}` : "");
  if (!job) {
    return html`<section>${feed.problem.value && html`<${Empty} title="This job cannot be shown">
      ${feed.problem.value} A job that has ended is deleted some time later, as its option “keep” says. <a href=${link("jobs")}>Show all jobs</a>
    <//>`}</section>`;
  }
  return html`<section class="job">
    <${Crumbs} job=${job} />
    <div class="page-head">
      <h1 class="name">${job.title ? job.title : isFlow(job.task) ? jobName(job) : html`<a href=${link("tasks", job.task)}>${job.task}</a>`}</h1>
      ${!feed.isRemoved.value && html`<${JobActions} job=${job} onRetried=${() => feed.follow()} />`}
    </div>
    ${feed.isRemoved.value && html`<${Note}>The node has deleted this job: the time for which it was kept is over. What was known of it stays here until you leave this page.<//>`}
    ${shown}
    <${Headline} job=${job} />
    <${JobKey} job=${job} />
    <${JobPaused} job=${job} />
    <${JobQuestions} questions=${job.questions} />
    ${job.state === "ready" && html`<${Holders} job=${job} /><${HoldingPause} job=${job} ask=${ask} />`}
    ${job.state === "running" && html`<${BlockedByJob} id=${id} />`}
    ${feed.problem.value && html`<${Problem}>${feed.problem.value}<//>`}
    ${(job.members || job.parent) && html`<${JobGraphView} job=${job} />`}
    <div class="split split-job">
      <${Work} job=${job} feed=${feed} />
      <div class="about">
        ${!isFlow(job.task) && html`<${Panel} title="Arguments"><${Arguments} job=${job} /><//>`}
        <${Panel} title="About"><${Facts} job=${job} /><//>
        ${!isReadOnly && html`<${Done} id=${id} />`}
      </div>
    </div>
  </section>`;
}

/** What people have done to it. @param {{id: string}} props */
function Done({ id }) {
  const list = useMemo(() => new AuditList({ job: id }), [id]);
  useEffect(() => list.open(), [list]);
  const entries = list.entries.value ?? [];
  if (!entries.length) return null;
  return html`<${Panel} title="What was done to it"><${AuditNotes} entries=${entries.slice(0, MAX_ENTRIES)} />
    ${(entries.length > MAX_ENTRIES || list.next.value !== null) && html`<p><a href=${link("audit", null, { job: id })}>All entries</a></p>`}
  <//>`;
}

/** The way up: to the jobs to which it belongs. @param {{job: JobView}} props */
function Crumbs({ job: { parent, root, label } }) {
  return html`<p class="crumbs">
    <a href=${link("jobs")}>Jobs</a>
    ${root && root !== parent && html` › <a href=${link("jobs", root)}>The whole ${shortId(root)}</a>`}
    ${parent && html` › <a href=${link("jobs", parent)}>${root === parent ? "The whole" : "It belongs to"} ${shortId(parent)}</a>`}
    ${label && html` › ${label}`}
  </p>`;
}

/** What it did, and what came of it. @param {{job: JobView, feed: JobFeed}} props */
function Work({ job, feed }) {
  const [log, chunks, stages] = [feed.log.value, feed.chunks.value, job.progress?.stages ?? []];
  const isFinal = FINAL_STATES.has(job.state);
  return html`<div class="work">
    ${(job.state === "ready" || job.state === "waiting" || (job.state === "running" && job.members)) && html`<${WaitReasons} job=${job} />`}
    ${job.members && html`<${JobMembers} job=${job} />`}
    <${JobOutcome} job=${job} />
    ${job.state === "succeeded" && isComplete(job) && html`<${Panel} title="Result"><${Value} value=${job.result ?? null} label="Result" /><//>`}
    ${stages.length > 0 && html`<${Panel} title="Stages"><${Stages} job=${job} /><//>`}
    ${chunks.length > 0 && html`<${Panel} title="Stream"><${Chunks} chunks=${chunks} /><//>`}
    ${(log.length > 0 || !(isFinal || isFlow(job.task))) && html`<${Panel} title="Log">
      ${log.length > 0 ? html`<${Log} lines=${log} left=${feed.left.value} onRest=${() => feed.loadRest()} isLive=${!isFinal} />` : html`<p class="muted">Nothing yet. What the task logs or prints comes here.</p>`}
    <//>`}
    ${!isFlow(job.task) && html`<${Panel} title="Timeline"><${Timeline} job=${job} /><//>`}
  </div>`;
}

/** @param {{job: JobView}} props */
function Headline({ job }) {
  const { state, progress, task } = job;
  const { fraction: known, text } = summarizeProgress(progress);
  const fraction = shownFraction(state, known);
  return html`<div class="headline">
    <p class="headline-line">
      <span role="status"><${State} state=${state} /></span>
      <span class="headline-text">${state === "running" ? plainText(text) : html`<${Place} job=${job} />`}</span>
      <span class="headline-share">${fraction !== null && state !== "succeeded" ? percent(fraction) : ""}</span>
      <span class="headline-time"><${Times} job=${job} /></span>
    </p>
    <${Bar} fraction=${barShare(state, fraction)} state=${state} size="thick" label="Progress of ${task}" />
  </div>`;
}

/** Why it does not run yet. @param {{job: JobView}} props */
function Place({ job }) {
  const { state, place, due_at, paused } = job;
  if (state !== "waiting" && state !== "ready") return null;
  if (!place) return state === "waiting" && due_at && !paused ? `Due ${ago(due_at, now.value)}` : null;
  const { why, ahead, at, goesOn } = placeFacts(job);
  const before = ahead ? `${count(ahead, "job")}${ahead >= 10_000 ? " or more" : ""} before it` : ahead === 0 ? "next in line" : "";
  const starts = at && at > now.value ? `${goesOn ? "goes on" : "starts"} in about ${roughDuration(at - now.value)}` : "";
  const text = [why.replace(/\.$/, ""), before, starts].filter(Boolean).join(" · ");
  return html`<span title=${at ? `${text}: ${fullTime(at)}` : text}>${text}</span>`;
}

/** The limit that holds it, and the jobs that have the permits for which it waits. @param {{job: JobView}} props */
function Holders({ job: { place } }) {
  if (!place?.limit) return null;
  const { name, holders = [] } = place.limit;
  const limit = html`<a href=${link("limits", name)}>${name}</a>`;
  if (holders.length === 0) return html`<p class="facts-line"><span>Limit ${limit}</span></p>`;
  return html`<p class="facts-line"><span>Permits of ${limit}: ${holders.map((id) => html`<a key=${id} href=${link("jobs", id)}><code>${shortId(id)}</code></a> `)}</span></p>`;
}

/** What holds it, if operators do: since and until when, where that is shown, and how to resume it. @param {{job: JobView, ask: import("../parts/pause.js").Pausing["ask"]}} props */
function HoldingPause({ job: { place }, ask }) {
  const pause = place?.paused && pauseOf(place.paused.query); // once it is resumed the place follows
  if (!pause) return null;
  const { before, name, where } = subjectOf(pause.query);
  return html`<p class="facts-line facts-pause">
    <span>Held by the pause of ${before}<a href=${where}>${name}</a></span>
    <time title=${fullTime(pause.paused_at)}>${ago(pause.paused_at, now.value)}</time>
    <span title=${pause.until ? fullTime(pause.until) : undefined}>${endText(pause, now.value)}</span>
    <${PauseButton} query=${pause.query} ask=${ask} />
  </p>`;
}

/** @param {{job: JobView}} props */
function Times({ job }) {
  const { state, started_at, finished_at } = job;
  if (!started_at || state === "ready" || state === "waiting") return "";
  if (finished_at) return `took ${duration(finished_at - started_at)}`;
  const elapsed = now.value - started_at;
  const { left, usual } = expectation(job, now.value);
  const more = left !== null ? `, about ${roughDuration(left)} left` : usual !== null ? `, usually ${duration(usual)}` : "";
  return `${wholeDuration(elapsed)}${more}`;
}
