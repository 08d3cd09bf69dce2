/** The schedules: when each fires next, what became of its newest due times, and where it comes from; each leads to its page. */

import { useEffect, useMemo, useRef } from "preact/hooks";

import { ago, fullTime, number } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, link, route } from "../core/route.js";
import { schedulePage } from "../data/directory.js";
import { now } from "../data/live.js";
import { ListFilter } from "../parts/list-filter.js";
import { Empty, Problem } from "../parts/note.js";
import { Outcomes } from "../parts/outcomes.js";
import { ScheduleForm } from "../parts/schedule-form.js";
import { Last, Next, Origin, Starts } from "../parts/schedule-parts.js";
import { ScheduleWeek } from "./schedules-week.js";
import { STATE_FILTERS } from "../text/schedule-text.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {{q: string, state: string, after: string}} Question  what the address asks for
 */

export function Schedules() {
  const { query } = route.value;
  const view = query.get("view");
  useKeys({
    v: [() => go(link("schedules", null, { view: view ? "" : "week" })), "Show the list, or the week to come"],
    ...(!isReadOnly && { n: [() => go(link("schedules", null, { view: "new" })), "Make a schedule"] }),
  });
  if (view === "week") return html`<section class="schedules-page"><div class="page-head"><${Title} view="week" /></div><${ScheduleWeek} /></section>`;
  if (view === "new" && !isReadOnly) return html`<${New} />`;
  return html`<${List} asked=${{ q: query.get("q") ?? "", state: query.get("state") ?? "", after: query.get("after") ?? "" }} />`;
}

function New() {
  return html`<section class="schedules-page">
    <p class="crumbs"><a href=${link("schedules")}>Schedules</a></p>
    <h1>A new schedule</h1>
    <${ScheduleForm} leave=${link("schedules")} onDone=${(/** @type {string} */ id) => go(link("schedules", id))} />
  </section>`;
}

/** The heading, and the way to the other view. @param {{view: string}} props */
function Title({ view }) {
  const views = [["", "List"], ["week", "Week"]];
  return html`<div class="schedules-title">
    <h1>Schedules</h1>
    <nav class="choice" aria-label="Views">${views.map(([name, text]) => html`<a key=${name} href=${link("schedules", null, { view: name })} aria-current=${name === view ? "page" : undefined}>${text}</a>`)}</nav>
    ${!isReadOnly && html`<a class="button" href=${link("schedules", null, { view: "new" })}>New schedule</a>`}
  </div>`;
}

/** @param {{asked: Question}} props */
function List({ asked }) {
  const directory = useMemo(() => schedulePage(asked.q, asked.state, asked.after), [asked.q, asked.state, asked.after]);
  useEffect(() => directory.open(), [directory]);
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const answer = directory.entries.value;
  const found = answer?.schedules ?? [];
  return html`<section class="schedules-page">
    <div class="page-head">
      <${Title} view="" />
      <${ListFilter} page="schedules" one="schedule" placeholder="Find by id, task or argument" filters=${STATE_FILTERS} q=${asked.q} state=${asked.state} body=${body} />
    </div>
    ${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}
    ${answer && !answer.count && html`<${None} />`}
    ${found.length > 0 && html`<${Table} schedules=${found} body=${body} />`}
    ${answer && answer.count > 0 && html`<${Foot} asked=${asked} answer=${answer} />`}
  </section>`;
}

/** How to make the first one. */
function None() {
  return html`<${Empty} title="No schedules" command=${'taskbahn schedules add nightly "0 3 * * *" reports.report --zone Europe/Berlin'}>
    A schedule starts a job or a flow at certain times, also while no worker is there. Code declares one with
    ${" "}<code>@app.schedule("0 3 * * *", zone="Europe/Berlin")</code> on top of <code>@app.task</code>; it appears here when a worker comes.
    ${" "}At run time ${isReadOnly ? "a command makes one" : html`<a href=${link("schedules", null, { view: "new" })}>this page</a> makes one, and so does a command`}:
  <//>`;
}

/** Which part of the schedules this is, and the way to the others. @param {{asked: Question, answer: import("../data/directory.js").SchedulePage}} props */
function Foot({ asked, answer: { schedules, next, count: all } }) {
  const isSome = Boolean(asked.q || asked.state);
  const range = schedules.length > 1 ? `${schedules[0].id} to ${schedules[schedules.length - 1].id}` : "";
  const text =
    schedules.length === 0 ? `None of the ${number(all)} schedules is like that${next ? ` up to ${next}` : ""}.`
    : next || asked.after ? `${number(schedules.length)} of ${number(all)} schedules${range && `, ${range}`}`
    : isSome ? `${number(schedules.length)} of ${number(all)} schedules` : `${number(all)} ${all === 1 ? "schedule" : "schedules"}`;
  const page = (/** @type {string} */ after) => link("schedules", null, { q: asked.q, state: asked.state, after });
  return html`<div class="schedules-foot">
    <p class="muted tasks-count" role="status">${text}</p>
    ${(next || asked.after) && html`<p class="actions">
      ${asked.after && html`<a class="button" href=${page("")}>First page</a>`}
      ${next && html`<a class="button" href=${page(next)}>Next page</a>`}
    </p>`}
  </div>`;
}

/** @param {{schedules: ScheduleView[], body: {current: HTMLElement | null}}} props */
function Table({ schedules, body }) {
  return html`<table class="list schedules">
    <caption class="unseen">Schedules by id</caption>
    <thead>
      <tr>
        <th scope="col">Schedule</th>
        <th scope="col">When</th>
        <th scope="col">Next</th>
        <th scope="col">Last</th>
        <th scope="col">Newest 20</th>
        <th scope="col">From</th>
      </tr>
    </thead>
    <tbody ref=${body}>${schedules.map((schedule) => html`<${Row} key=${schedule.id} schedule=${schedule} />`)}</tbody>
  </table>`;
}

/** @param {{schedule: ScheduleView}} props */
function Row({ schedule }) {
  const { id, words, outcomes = [], trouble, late_at, spec } = schedule;
  return html`<tr>
    <th scope="row" class="cell-task"><a href=${link("schedules", id)}>${id}</a><small><${Starts} schedule=${schedule} /></small></th>
    <td class="cell-when-words" data-name="">${words}${spec.note && html`<small class="cut" title=${spec.note}>${spec.note}</small>`}
      ${trouble && html`<small class="schedule-trouble">Refused: ${trouble.message}</small>`}
      ${late_at && html`<small class="schedule-trouble">Late: no job has succeeded in time <${Since} at=${late_at} /></small>`}</td>
    <td class="cell-next" data-name="next"><${Next} schedule=${schedule} /></td>
    <td class="cell-last" data-name="last"><${Last} schedule=${schedule} /></td>
    <td class="cell-outcomes"><${Outcomes} outcomes=${outcomes} /></td>
    <td class="cell-origin"><${Origin} schedule=${schedule} /></td>
  </tr>`;
}

/** @param {{at: number}} props */
function Since({ at }) {
  return html`<time title=${fullTime(at)}>(${ago(at, now.value)})</time>`;
}
