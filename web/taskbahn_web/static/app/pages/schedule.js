/** One schedule: what it means, when it fires next, what became of its due times, what was changed beside the code, and what may be done. */

import { useEffect, useMemo, useRef } from "preact/hooks";

import { ago, day, fullTime, number } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { go, link, route } from "../core/route.js";
import { firingsOf, scheduleNamed } from "../data/directory.js";
import { now, status } from "../data/live.js";
import { Empty, Problem } from "../parts/note.js";
import { Outcomes } from "../parts/outcomes.js";
import { ScheduleButtons, useScheduleActions } from "../parts/schedule-actions.js";
import { ScheduleForm } from "../parts/schedule-form.js";
import { ScheduleChanges } from "../parts/schedule-changes.js";
import { ScheduleHistory } from "../parts/schedule-history.js";
import { Next, Origin, Starts } from "../parts/schedule-parts.js";
import { ScheduleReasons } from "../parts/wait-reasons.js";
import { ownZone, timeHere, timeIn } from "../text/local-times.js";
import { callCode, fieldText, fieldTitle } from "../text/schedule-fields.js";
import { schedulePauseText } from "../text/schedule-text.js";

/** @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView */

/** @param {{id: string}} props */
export function Schedule({ id }) {
  const directory = useMemo(() => scheduleNamed(id), [id]);
  useEffect(() => directory.open(), [directory]);
  const answer = directory.entries.value;
  const schedule = answer?.schedules[0];
  if (!answer) return html`<section>${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}</section>`;
  if (!schedule) {
    return html`<section><h1 class="unseen">${id}</h1><${Empty} title="There is no schedule ${id}">
      It may have been deleted. <a href=${link("schedules")}>See the schedules that there are</a>.
    <//></section>`;
  }
  if (route.value.query.get("edit") && !isReadOnly) return html`<${Edit} schedule=${schedule} onChanged=${() => void directory.load()} />`;
  return html`<${Whole} schedule=${schedule} problem=${directory.problem.value} onChanged=${() => void directory.load()} />`;
}

/** The form begins with what holds now; what others change meanwhile does not change it. @param {{schedule: ScheduleView, onChanged: () => void}} props */
function Edit({ schedule, onChanged }) {
  const first = useRef(schedule);
  const { id, declared } = first.current;
  const done = () => {
    onChanged();
    go(link("schedules", id));
  };
  return html`<section class="schedule-page">
    <p class="crumbs"><a href=${link("schedules", id)}>${id}</a></p>
    <h1 class="name">Change ${id}</h1>
    ${declared && html`<p class="facts-line">Code declares it. What you change is kept beside that, and holds until you go back to what code says.</p>`}
    <${ScheduleForm} schedule=${first.current} leave=${link("schedules", id)} onDone=${done} />
  </section>`;
}

/** @param {{schedule: ScheduleView, problem: string, onChanged: () => void}} props */
function Whole({ schedule, problem, onChanged }) {
  const { id, words, fired = 0, outcomes = [] } = schedule;
  const { open, run, shown } = useScheduleActions(schedule, onChanged);
  return html`<section class="schedule-page">
    <p class="crumbs"><a href=${link("schedules")}>Schedules</a></p>
    <div class="page-head">
      <h1 class="name">${id} <${Origin} schedule=${schedule} /></h1>
      <${ScheduleButtons} schedule=${schedule} open=${open} run=${run} />
    </div>
    <p class="schedule-words">${words}</p>
    <p class="facts-line"><span>Next <${Next} schedule=${schedule} hasTime=${false} /></span><span>${number(fired)} fired</span></p>
    ${problem && html`<${Problem}>${problem}<//>`}
    ${shown}
    <${Held} schedule=${schedule} />
    <div class="split split-job">
      <div class="work">
        <section class="schedule-history" aria-label="History">
          <div class="short-head"><h2>History</h2><${Outcomes} outcomes=${outcomes} /></div>
          <${History} schedule=${schedule} />
        </section>
      </div>
      <div class="about">
        <${NextTimes} schedule=${schedule} />
        <${ScheduleReasons} schedule=${schedule} />
        <${ScheduleChanges} schedule=${schedule} onChanged=${onChanged} />
        <${About} schedule=${schedule} />
      </div>
    </div>
  </section>`;
}

/** Why it fires no job: it is paused, its newest submission was refused, or it is late. @param {{schedule: ScheduleView}} props */
function Held({ schedule: { id, pause, trouble, late_at } }) {
  const late = late_at ? status.value?.problems?.find((problem) => problem.kind === "schedule_late" && problem.id === id) : null;
  if (!pause && !trouble && !late_at) return null;
  return html`<section class="troubles" aria-label="What is wrong"><ul>
    ${pause && html`<li class="trouble trouble-warning">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 4.5v7M10 4.5v7" /></svg>
      <div><p class="trouble-what">${pause.orphaned ? "Orphaned" : "Paused"}</p><p>${schedulePauseText(pause, now.value)}</p></div>
    </li>`}
    ${trouble && html`<${Wrong} what="The submission of its newest due time was refused" why=${trouble.message} />`}
    ${late_at && html`<${Wrong} what=${late?.sentence ?? `No job has succeeded in time, since ${day(late_at)}`} why=${late?.hint} />`}
  </ul></section>`;
}

/** @param {{what: string, why?: string}} props */
function Wrong({ what, why }) {
  return html`<li class="trouble trouble-error">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 4v5M8 11.5v.01" /></svg>
    <div><p class="trouble-what">${what}</p>${why && html`<p>${why}</p>`}</div>
  </li>`;
}

/** @param {{schedule: ScheduleView}} props */
function History({ schedule: { id, spec } }) {
  const directory = useMemo(() => firingsOf(id), [id]);
  useEffect(() => directory.open(), [directory]);
  const firings = directory.entries.value;
  return html`${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}
    ${firings && html`<${ScheduleHistory} firings=${firings} jitter=${spec.jitter} id=${id} />`}`;
}

/** The next due times, on the clocks of the schedule and on those of the reader. @param {{schedule: ScheduleView}} props */
function NextTimes({ schedule: { times = [], zone, pause } }) {
  const isForeign = zone !== ownZone();
  return html`<section class="panel" aria-label="Next times">
    <h2>Next times <small class="muted">${zone}</small></h2>
    ${pause && times.length > 0 && html`<p class="muted">${pause.until && !pause.orphaned ? "After its pause." : "If it were not paused."}</p>`}
    ${!times.length && html`<p class="muted">None: all of its times are over.</p>`}
    <ol class="next-times">${times.map((time) => html`<li key=${time}>
      <time title="${fullTime(time)}">${timeIn(time, zone)}</time>
      <span class="muted">${isForeign ? `${timeHere(time, zone)} here` : ago(time, now.value)}</span>
    </li>`)}</ol>
  </section>`;
}

const SHOWN_FIELDS = ["start", "end", "times", "jitter", "overlap", "catch_up", "alarm_after"];

/** @param {{schedule: ScheduleView}} props */
function About({ schedule }) {
  const { spec, last_success, waiting = [], changed_by, changed_at, zone, alarm_at, expected_at } = schedule;
  const fields = /** @type {Record<string, unknown>} */ ({ overlap: "skip", catch_up: 60, ...spec });
  /** @type {[string, unknown][]} */
  const rows = [
    ["Starts", html`<${Starts} schedule=${schedule} />`],
    ["Call", html`<code>${callCode(spec.call)}</code>`],
    ...SHOWN_FIELDS.filter((name) => fields[name]).map((name) => /** @type {[string, unknown]} */ ([fieldTitle(name), fieldText(name, fields[name])])),
    ["Succeeded", last_success && html`<time title="due time of the newest job that is known to have succeeded">${timeIn(last_success, zone)}</time>`],
    ["Alarm at", alarm_at && html`<time title="unless a job for ${timeIn(expected_at ?? alarm_at, zone)} or later succeeds before">${timeIn(alarm_at, zone)}</time>`],
    ["Waiting", waiting.length > 0 && `${number(waiting.length)} due times wait for the end of its last job`],
    ["Changed", changed_by && changed_at && html`<time title=${fullTime(changed_at)}>${ago(changed_at, now.value)}</time> by ${changed_by}`],
    ["Note", spec.note],
  ];
  return html`<section class="panel" aria-label="About">
    <h2>About</h2>
    <dl class="facts">${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}
