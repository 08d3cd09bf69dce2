/** The pause of a job and its tree: who paused it and why, and the question that the button asks. */

import { useState } from "preact/hooks";

import { fromInfo } from "../../client/errors.js";
import { JOB_PAUSE } from "../../client/wire.js";
import { ago, fullTime, shortId } from "../../shared/format.js";
import { html } from "../core/html.js";
import { nameShown } from "../core/who.js";
import { bahn, now } from "../data/live.js";
import { link } from "../core/route.js";
import { endText, pauseWords } from "../text/pause-text.js";
import { Ask } from "./ask.js";
import { PauseFields } from "./pause.js";

/** What holds it, if a pause does: its own, or that of a job of which it is a part. @param {{job: import("../../client/wire.js").JobView}} props */
export function JobPaused({ job: { id, paused } }) {
  if (!paused) return null;
  const { job = "", reason, until, paused_by, paused_at } = paused;
  const of = job === id ? "Paused" : job ? html`Paused with <a href=${link("jobs", job)}>${shortId(job)}</a>` : "Paused with a job of which it is a part";
  return html`<p class="facts-line facts-pause">
    <span>${of}${paused_by && ` by ${paused_by}`}${reason && `: ${reason}`}</span>
    ${paused_at && html`<time title=${fullTime(paused_at)}>${ago(paused_at, now.value)}</time>
    <span title=${until ? fullTime(until) : undefined}>${endText({ until }, now.value)}</span>`}
  </p>`;
}

/** @param {{id: string, isWhole: boolean, onPaused: () => void, onClose: () => void}} props */
export function PauseJobQuestion({ id, isWhole, onPaused, onClose }) {
  const [reason, setReason] = useState("");
  const [seconds, setSeconds] = useState(/** @type {number | null} */ (null));
  const pause = async () => {
    const [answer] = await bahn.ask(JOB_PAUSE, [[id]], pauseWords({ reason, seconds, who: nameShown() }));
    if (typeof answer === "object") throw fromInfo(answer);
    onPaused();
  };
  return html`<${Ask} title="Pause this ${isWhole ? "workflow" : "job"}?" verb="Pause" onYes=${pause} onClose=${onClose}>
    <p class="muted">Nothing of it starts meanwhile. What runs waits where it checks for that, without a slot, or runs to its end.</p>
    <${PauseFields} reason=${reason} setReason=${setReason} seconds=${seconds} setSeconds=${setSeconds} />
  <//>`;
}
