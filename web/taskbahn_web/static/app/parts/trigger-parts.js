/** What is shown of a trigger, in the list and on its own page. */

import { ago, fullTime } from "../../shared/format.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { now } from "../data/live.js";
import { schedulePauseText } from "../text/schedule-text.js";
import { eventText, meaningText, whereTexts } from "../text/trigger-text.js";

/** @typedef {import("../../client/triggers.js").TriggerView} TriggerView */

/** For which events it waits. @param {{trigger: TriggerView}} props */
export function Event({ trigger: { spec } }) {
  const where = whereTexts(spec);
  return html`<span class="trigger-event"><code>${eventText(spec)}</code> <span class="muted">${meaningText(spec)}</span></span>
    ${where.length > 0 && html`<span class="trigger-where">where ${where.map((text, index) => html`${index > 0 && ", "}<code key=${text}>${text}</code>`)}</span>`}`;
}

/** Whether events start something by it. @param {{trigger: TriggerView}} props */
export function TriggerState({ trigger: { pause, trouble } }) {
  if (pause) {
    return html`<span class="badge-warn" title=${schedulePauseText(pause, now.value)}>${pause.orphaned ? "orphaned" : "paused"}</span>
      ${" "}${pause.until && !pause.orphaned && html`<small>ends ${ago(pause.until, now.value)}</small>`}`;
  }
  return trouble ? html`<span class="state outcome outcome-bad"><i class="dot" aria-hidden="true"></i>in trouble</span>`
    : html`<span class="state outcome outcome-good"><i class="dot" aria-hidden="true"></i>active</span>`;
}

/** When the newest event started a job, with a link to it. @param {{trigger: TriggerView}} props */
export function LastStart({ trigger: { last_at, last_job } }) {
  if (!last_at) return html`<span class="muted">not yet</span>`;
  const time = html`<time title=${fullTime(last_at)}>${ago(last_at, now.value)}</time>`;
  return last_job ? html`<a href=${link("jobs", last_job)} title="Show the job that it started last">${time}</a>` : time;
}
