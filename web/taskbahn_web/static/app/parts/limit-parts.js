/** What is shown of a limit, in the list and on its own page. */

import { ago, fullTime, wholeDuration } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { pauseOf } from "../data/pauses.js";
import { fullness, isOverridden, keyText, pausedText, usedText, valueOf, valueText } from "../text/limit-text.js";
import { keyQuery, pauseDetails } from "../text/pause-text.js";
import { Bar } from "./bar.js";

/**
 * @typedef {import("../../client/wire.js").LimitView} LimitView
 * @typedef {import("../../client/wire.js").LimitKeyView} LimitKeyView
 */

/** @param {{limit: LimitView}} props */
export function Kind({ limit: { kind, template } }) {
  return html`${kind}${template && html` for each <code>${template}</code>`}`;
}

/** What holds now, and what is declared if that is something else. @param {{limit: LimitView}} props */
export function Allowed({ limit }) {
  const value = html`<b>${valueText(valueOf(limit))}</b>`;
  return isOverridden(limit) ? html`${value} <small>instead of ${valueText(limit.declared)}</small>` : value;
}

/** That keys of it are paused. @param {{limit: LimitView}} props */
export function Paused({ limit }) {
  const text = pausedText(limit);
  return text && html` <span class="badge-warn">${text}</span>`;
}

/** Who set or removed the override, and when. @param {{limit: LimitView}} props */
export function Changed({ limit }) {
  const { changed_at, changed_by } = limit;
  if (!changed_at) return null;
  return html`${isOverridden(limit) ? "set" : "reset"} <time title=${fullTime(changed_at)}>${ago(changed_at, now.value)}</time>${changed_by && ` by ${changed_by}`}`;
}

/** Used of capacity, as a bar and in figures. @param {{limit: string, view: LimitKeyView, size?: "thin" | "thick"}} props  limit: its name */
export function Usage({ limit, view, size = "thin" }) {
  const key = keyText(view.key);
  return html`<span class="usage">
    <${Bar} fraction=${fullness(view)} state=${view.paused ? "waiting" : "running"} size=${size} label="In use of ${limit}${key && ` for ${key}`}" />
    <span class="usage-text">${usedText(view)}</span>
  </span>`;
}

/** For how long the first of the waiting jobs waits. @param {{oldest: number | null | undefined}} props  when it was accepted */
export function Longest({ oldest }) {
  if (!oldest) return html`<span class="muted">–</span>`;
  return html`<time title="accepted ${fullTime(oldest)}">${wholeDuration(now.value - oldest)}</time>`;
}

/** When the next job of a key may start. @param {{limit: LimitView, view: LimitKeyView}} props */
export function NextStart({ limit: { name, kind }, view: { key, used, capacity, jobs = 0, wakes_at } }) {
  const pause = pauseOf(keyQuery(name, key));
  const time = (/** @type {number} */ at) => html`<time title=${fullTime(at)}>${ago(at, now.value)}</time>`;
  if (pause) return html`<span title=${pauseDetails(pause, now.value)}><span class="badge-warn">paused</span>${pause.until && html` ends ${time(pause.until)}`}</span>`;
  if (!jobs) return html`<span class="muted">–</span>`;
  if (wakes_at && wakes_at > now.value) return time(wakes_at);
  if (kind === "concurrency" && capacity === 0) return "never: it allows 0";
  return kind === "concurrency" && used >= capacity ? "when a job ends" : "at once";
}
