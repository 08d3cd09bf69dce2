/** The questions before a schedule, or a trigger, is paused, resumed, run for a past period, or deleted. */

import { useEffect, useState } from "preact/hooks";

import { count, day, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { nameShown } from "../core/who.js";
import { bahn, now } from "../data/live.js";
import { sentence } from "../../taskbahn.js";
import { fieldTime, ownZone, timeOfField } from "../text/local-times.js";
import { MAX_REASON_LENGTH, PAUSE_LENGTHS } from "../text/pause-text.js";
import { schedulePauseText } from "../text/schedule-text.js";
import { Ask } from "./ask.js";
import { WhoField } from "./who-field.js";

/**
 * @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView
 * @typedef {import("../../client/schedule-views.js").DueCount} DueCount
 * @typedef {{currentTarget: HTMLInputElement}} Typed
 * @typedef {{schedule: ScheduleView, onDone: (said: string) => void, onClose: () => void}} DialogProps
 */

const DAY_SECONDS = 86_400;
const COUNT_MILLISECONDS = 300; // after the last change of a period it is counted

/** Who does it. */
export function byWho() {
  return { who: nameShown() };
}

/** @param {DialogProps & {kept?: typeof bahn.schedules | typeof bahn.triggers, meanwhile?: string}} props  kept: what pauses it; meanwhile: what does not happen */
export function PauseDialog({ schedule: { id }, kept = bahn.schedules, meanwhile = "It starts no jobs meanwhile. Its due times in between are not caught up.", onDone, onClose }) {
  const [reason, setReason] = useState("");
  const [seconds, setSeconds] = useState(/** @type {number | null | "until"} */ (null));
  const [until, setUntil] = useState(() => fieldTime(now.peek() + DAY_SECONDS));
  const pause = async () => {
    const end = seconds === "until" ? { until: timeOfField(until) ?? undefined } : seconds === null ? {} : { within: seconds };
    if (seconds === "until" && end.until === undefined) throw new Error("say until when: a day and a time");
    const view = await kept.pause(id, { ...(reason.trim() && { reason: reason.trim() }), ...end, ...byWho() });
    onDone(`${id} is paused${view.pause?.until ? ` until ${day(view.pause.until)}` : ""}.`);
  };
  return html`<${Ask} title="Pause ${id}?" verb="Pause" onYes=${pause} onClose=${onClose}>
    <p class="muted">${meanwhile}</p>
    <div class="ask-fields">
      <div class="field">
        <label for="pause-reason">Reason<span class="field-kind">optional</span></label>
        <input id="pause-reason" value=${reason} maxlength=${MAX_REASON_LENGTH} autocomplete="off" onInput=${(/** @type {Typed} */ { currentTarget }) => setReason(currentTarget.value)} />
      </div>
      <fieldset class="choice-field">
        <legend>For how long</legend>
        <div class="choice">
          ${[...PAUSE_LENGTHS, { text: "Until …", seconds: /** @type {const} */ ("until") }].map((length) => html`<label key=${length.text}>
            <input type="radio" name="pause-length" value=${length.text} checked=${length.seconds === seconds} onChange=${() => setSeconds(length.seconds)} />${length.text}
          </label>`)}
        </div>
      </fieldset>
      ${seconds === "until" && html`<${TimeField} id="pause-until" label="Until" value=${until} onChange=${setUntil} />`}
      <${WhoField} id="pause-who" note="Shown as who paused it." />
    </div>
  <//>`;
}

/** @param {{id: string, label: string, value: string, onChange: (value: string) => void}} props */
function TimeField({ id, label, value, onChange }) {
  return html`<div class="field">
    <label for=${id}>${label}<span class="field-kind">${ownZone()}</span></label>
    <input id=${id} type="datetime-local" class="datetime" value=${value} onInput=${(/** @type {Typed} */ { currentTarget }) => onChange(currentTarget.value)} />
  </div>`;
}

/** @param {DialogProps} props */
export function ResumeDialog({ schedule: { id, pause }, onDone, onClose }) {
  const resume = async () => {
    const { next_at } = await bahn.schedules.resume(id, byWho());
    onDone(`${id} is resumed${next_at ? `, and fires next at ${day(next_at)}` : ""}.`);
  };
  return html`<${Ask} title="Resume ${id}?" verb="Resume" onYes=${resume} onClose=${onClose}>
    <p class="muted pause-reason">${pause ? `Paused ${schedulePauseText(pause, now.value)}` : "It is not paused any more."}</p>
    <p class="muted">${pause?.orphaned ? "From then on it is one that was made at run time." : "It fires from its next due time on."}</p>
  <//>`;
}

/** @param {DialogProps} props */
export function DeleteDialog({ schedule: { id }, onDone, onClose }) {
  const remove = async () => {
    await bahn.schedules.delete(id, byWho());
    onDone("");
  };
  return html`<${Ask} title="Delete ${id}?" verb="Delete" onYes=${remove} onClose=${onClose}>
    <p class="muted">Its history is deleted, too. The jobs that it started stay.</p>
  <//>`;
}

/** @param {DialogProps} props */
export function BackfillDialog({ schedule: { id }, onDone, onClose }) {
  const [since, setSince] = useState(() => fieldTime(now.peek() - 7 * DAY_SECONDS));
  const [until, setUntil] = useState(() => fieldTime(now.peek() - 60));
  const { text, isRight } = useCount(id, timeOfField(since), timeOfField(until));
  const start = async () => {
    const [from, to] = [timeOfField(since), timeOfField(until)];
    if (from === null || to === null) throw new Error("say the first and the last day and time");
    const jobs = await bahn.schedules.backfill(id, from, to, byWho());
    onDone(`${count(jobs.length, "job")} ${jobs.length === 1 ? "is" : "are"} started.`);
  };
  return html`<${Ask} title="Start the jobs of a past period?" verb="Start them" onYes=${start} onClose=${onClose}>
    <p class="muted">A job for each due time of the period, whatever has been started for it before. All of them may run at once.</p>
    <div class="ask-fields">
      <${TimeField} id="backfill-since" label="From" value=${since} onChange=${setSince} />
      <${TimeField} id="backfill-until" label="To" value=${until} onChange=${setUntil} />
      <p class=${isRight ? "backfill-count" : "backfill-count warning"} role="status">${text}</p>
      <${WhoField} id="backfill-who" note="For the log of the router." />
    </div>
  <//>`;
}

/**
 * How many due times are in a period, in a sentence.
 * @param {string} id
 * @param {number | null} since
 * @param {number | null} until
 */
function useCount(id, since, until) {
  const [found, setFound] = useState({ text: "", isRight: true });
  useEffect(() => {
    if (since === null || until === null) return setFound({ text: "Say the first and the last day and time.", isRight: false });
    if (until <= since) return setFound({ text: "The period ends before it begins.", isRight: false });
    let isOld = false;
    const ask = () => bahn.schedules.countDue(id, since, until).then(
      (counted) => isOld || setFound(countSentence(counted)),
      (error) => isOld || setFound({ text: sentence(error), isRight: false }),
    );
    const timer = setTimeout(ask, COUNT_MILLISECONDS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [id, since, until]);
  return found;
}

/** @param {DueCount} counted */
function countSentence({ count: due = 0, first, last, is_cut }) {
  if (!due) return { text: "It has no due time in that period.", isRight: false };
  if (is_cut) return { text: `More than ${number(due)} due times: take a shorter period.`, isRight: false };
  const span = first === last ? `at ${day(first ?? 0)}` : `from ${day(first ?? 0)} to ${day(last ?? 0)}`;
  return { text: `${count(due, "job")}, ${span}.`, isRight: true };
}
