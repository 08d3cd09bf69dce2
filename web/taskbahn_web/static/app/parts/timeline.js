/**
 * What became of a job over time: a line for each attempt, with its wait before it and its run, on one axis. The words and
 * numbers beside each bar say the same for those who do not see it.
 */

import { useEffect, useState } from "preact/hooks";

import { ago, duration, fullTime, wholeDuration } from "../../shared/format.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { link } from "../core/route.js";
import { jobSpans } from "../charts/spans.js";
import { FailureView } from "./failure.js";
import { State } from "./state.js";

/** @typedef {import("../../client/wire.js").JobView} JobView */

const MAX_ATTEMPTS = 30; // attempts that are drawn, the newest

/** @param {{job: JobView}} props */
export function Timeline({ job }) {
  const { spans, start, end } = jobSpans(job, now.value);
  const all = Math.max(end - start, 0.001);
  const share = (/** @type {number} */ time) => `${(Math.min(1, Math.max(0, (time - start) / all)) * 100).toFixed(3)}%`;
  const shown = spans.slice(-MAX_ATTEMPTS);
  const failed = (job.attempts ?? []).filter(({ error }) => error);
  return html`<ol class="timeline">
    ${shown.length < spans.length && html`<li class="muted">The first ${spans.length - shown.length} attempts are left out.</li>`}
    ${shown.map((span) => html`<${AttemptLine} key=${span.attempt} span=${span} share=${share} isLive=${!job.finished_at} />`)}
    <li class="timeline-axis"><span class="timeline-track"><time title=${fullTime(start)}>accepted ${ago(start, now.value)}</time><span>${duration(all)}</span></span></li>
  </ol>
  ${failed.slice(-MAX_ATTEMPTS).map(({ attempt, error }) => error && job.attempts?.at(-1)?.attempt !== attempt && html`<${EarlierFailure} key=${attempt} attempt=${attempt} error=${error} />`)}`;
}

/**
 * @param {object} props
 * @param {import("../charts/spans.js").Span} props.span
 * @param {(time: number) => string} props.share  of the axis
 * @param {boolean} props.isLive
 */
function AttemptLine({ span, share, isLive }) {
  const { attempt, from, started_at, ended_at, state, worker } = span;
  const begin = started_at ?? ended_at;
  const ran = started_at === null ? null : ended_at - started_at;
  const wait = begin - from;
  const width = (/** @type {number} */ a, /** @type {number} */ b) => `${Math.max(0, parseFloat(share(b)) - parseFloat(share(a)))}%`;
  const tone = state === "waiting" || state === "ready" || started_at === null ? "wait" : state;
  return html`<li>
    <span class="timeline-what"><b>${attempt || "–"}</b><${State} state=${state} /></span>
    <span class="timeline-track">
      <svg width="100%" height="14" aria-hidden="true">
        <rect class="tl-wait" x=${share(from)} y="6" width=${width(from, begin)} height="2" />
        ${started_at !== null && html`<rect class="tl-run tl-${tone}" x=${share(started_at)} y="1" width=${width(started_at, ended_at)} height="12" rx="2" />`}
      </svg>
    </span>
    <span class="timeline-times">
      <span>${wait >= 0.001 ? `waited ${isLive ? wholeDuration(wait) : duration(wait)}` : ""}</span>
      <span>${ran === null ? "" : `ran ${state === "running" ? wholeDuration(ran) : duration(ran)}`}</span>
      ${worker && html`<a class="cut" href=${link("workers", worker)} title="The worker ${worker}">${worker}</a>`}
    </span>
  </li>`;
}

/** Why an earlier attempt failed. @param {{attempt: number, error: import("../../client/wire.js").Failure}} props */
function EarlierFailure({ attempt, error }) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [attempt]);
  return html`<details class="fold" open=${isOpen} onToggle=${(/** @type {{currentTarget: HTMLDetailsElement}} */ { currentTarget }) => setOpen(currentTarget.open)}>
    <summary>Attempt ${attempt}: ${plainText([error.type, error.message].filter(Boolean).join(": "))}</summary>
    ${isOpen && html`<${FailureView} error=${error} />`}
  </details>`;
}
