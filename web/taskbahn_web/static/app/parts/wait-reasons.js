/** Everything between a job and its start, what is closed first: time, pauses, workers, limits, and the jobs before it. Of one that runs, what it waits for. */

import { useEffect, useState } from "preact/hooks";

import { ago, fullTime } from "../../shared/format.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { bahn, now } from "../data/live.js";

/** @typedef {import("../../client/graph.js").WaitReason} WaitReason */

const RELOAD_SECONDS = 3; // what does not change the sentence at the top of the page is not pushed

/** @param {{job: import("../../client/wire.js").JobView}} props  a job that has not ended */
export function WaitReasons({ job: { id, state, place } }) {
  const reasons = useReasons(() => bahn.job(id).explain(), [id, state, place?.why, place?.ahead]);
  return html`<${Reasons} title=${state === "running" ? "Before its end" : "Before its start"} reasons=${reasons} />`;
}

/** Everything between a schedule and its next job. @param {{schedule: import("../../client/schedule-views.js").ScheduleView}} props */
export function ScheduleReasons({ schedule: { id, due_at, pause } }) {
  const reasons = useReasons(() => bahn.schedules.explain(id), [id, due_at, pause?.at]);
  return html`<${Reasons} title="Before its next job" reasons=${reasons} />`;
}

/**
 * @param {() => Promise<WaitReason[]>} explain
 * @param {unknown[]} changes  what makes it ask again at once
 */
function useReasons(explain, changes) {
  const [reasons, setReasons] = useState(/** @type {WaitReason[]} */ ([]));
  useEffect(() => {
    let isShown = true;
    const load = async () => {
      const found = await explain().catch(() => null); // the page says itself when the node is away
      if (isShown && found) setReasons(found);
    };
    void load();
    const timer = setInterval(() => document.hidden || void load(), RELOAD_SECONDS * 1000);
    return () => {
      isShown = false;
      clearInterval(timer);
    };
  }, changes);
  return reasons;
}

/** @param {{title: string, reasons: WaitReason[]}} props */
function Reasons({ title, reasons }) {
  if (!reasons.length) return null;
  return html`<section class="panel" aria-label=${title}>
    <h2>${title}</h2>
    <ul class="wait-reasons">${reasons.map((reason) => html`<${Reason} key=${reason.rule + reason.why} reason=${reason} />`)}</ul>
  </section>`;
}

/** @param {{reason: WaitReason}} props */
function Reason({ reason: { rule, open, why, opens_at } }) {
  const before = /^(?:job|behind):(.+)/.exec(rule)?.[1];
  return html`<li class=${open ? "is-open" : "is-closed"}>
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${open ? "m3.5 8.5 3 3 6-7" : "M4.5 4.5l7 7M11.5 4.5l-7 7"} /></svg>
    <span>
      <span class="unseen">${open ? "Open: " : "Closed: "}</span>${why}
      ${before && html` · <a href=${link("jobs", before)}>Show that job</a>`}
      ${opens_at && opens_at > now.value && html` · <time title=${fullTime(opens_at)}>${ago(opens_at, now.value)}</time>`}
    </span>
  </li>`;
}
