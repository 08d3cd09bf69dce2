/** What is shown of a schedule, in the list and on its own page. */

import { ago, day, fullTime } from "../../shared/format.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { now } from "../data/live.js";
import { callText, callTasks, latenessText, originText, originTitle, outcomeOf, outcomeWord, schedulePauseText } from "../text/schedule-text.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("../../client/schedule-views.js").ScheduleFiring} ScheduleFiring
 */

/** Where it comes from. @param {{schedule: ScheduleView}} props */
export function Origin({ schedule }) {
  const text = originText(schedule);
  return html`<span class=${text.includes(",") ? "badge-warn" : "badge"} title=${originTitle(schedule)}>${text}</span>`;
}

/** What it starts. @param {{schedule: ScheduleView}} props */
export function Starts({ schedule: { spec } }) {
  const names = callTasks(spec.call);
  if (names.length === 1) return html`<a href=${link("tasks", names[0])}>${names[0]}</a>`;
  return html`<span title=${names.join(", ")}>${callText(spec.call)}</span>`;
}

/** When it fires next, counting down; or why it does not. @param {{schedule: ScheduleView, hasTime?: boolean}} props */
export function Next({ schedule: { next_at, pause }, hasTime = true }) {
  if (pause) {
    return html`<span class="badge-warn" title=${schedulePauseText(pause, now.value)}>${pause.orphaned ? "orphaned" : "paused"}</span>
      ${" "}${pause.until && !pause.orphaned && html`<small>ends ${ago(pause.until, now.value)}</small>`}`;
  }
  if (!next_at) return html`<span class="muted">never again</span>`;
  return html`<time title=${fullTime(next_at)}>${ago(next_at, now.value)}</time>${hasTime && html` <small>${day(next_at)}</small>`}`;
}

/** What became of a due time: a dot and a word, as of a job. @param {{firing: ScheduleFiring}} props */
export function Outcome({ firing }) {
  const { tone, text } = outcomeOf(outcomeWord(firing));
  const said = html`<i class="dot" aria-hidden="true"></i>${text}`;
  const { job, outcome } = firing;
  if (job && outcome === "fired" && firing.state) return html`<a class="state outcome outcome-${tone}" href=${link("jobs", job)}>${said}</a>`;
  return html`<span class="state outcome outcome-${tone}">${said}</span>`;
}

/** The newest entry of its history. @param {{schedule: ScheduleView}} props */
export function Last({ schedule: { last, spec } }) {
  if (!last) return html`<span class="muted">not yet</span>`;
  const late = latenessText(last, spec.jitter);
  return html`<${Outcome} firing=${last} />
    ${" "}<small><time title="due ${fullTime(last.due_at)}">${ago(last.fired_at, now.value)}</time>${late && html`, <span title="fired ${fullTime(last.fired_at)}">${late}</span>`}</small>`;
}
