/** Pause the system, a queue, a task or a key of a limit, and resume it: marks, notices, and the questions that the buttons ask. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { ADMIN_PAUSE, ADMIN_RESUME } from "../../client/wire.js";
import { ago, fullTime, number } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { nameShown } from "../core/who.js";
import { bahn, now } from "../data/live.js";
import { pauseOf } from "../data/pauses.js";
import {
  capitalized, endText, MAX_REASON_LENGTH, PAUSE_LENGTHS, pauseArguments, pauseDetails, pausedText, resumedText, subjectOf, subjectText,
} from "../text/pause-text.js";
import { Ask, focusContentIfLost } from "./ask.js";
import { WhoField } from "./who-field.js";

/**
 * @typedef {import("../../client/wire.js").Pause} Pause
 * @typedef {{currentTarget: HTMLInputElement}} Typed
 *
 * @typedef {object} Pausing
 * @property {(query: string) => void} ask  whether to pause it, or to resume it if it is paused
 * @property {import("../core/html.js").Children} shown  the open question, and what was done last
 */

const MAX_NOTICES = 10; // before the reader wants all

/**
 * What a page needs for its buttons. The question belongs to the page: it stays open when the row with its button goes.
 * @param {() => void} [onChanged]
 * @returns {Pausing}
 */
export function usePausing(onChanged = () => {}) {
  const [asked, setAsked] = useState(/** @type {{query: string, isPaused: boolean} | null} */ (null));
  const [said, say] = useState("");
  const ask = (/** @type {string} */ query) => {
    say("");
    setAsked({ query, isPaused: pauseOf(query) !== null });
  };
  const onDone = (/** @type {string} */ text) => {
    say(text);
    onChanged();
  };
  const Question = asked?.isPaused ? ResumeQuestion : PauseQuestion;
  const shown = html`<p class="said" role="status">${said}</p>${asked && html`<${Question} query=${asked.query} onDone=${onDone} onClose=${() => setAsked(null)} />`}`;
  return { ask, shown };
}

/** @param {{query: string, ask: Pausing["ask"]}} props */
export function PauseButton({ query, ask }) {
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useLayoutEffect(() => {
    const drawn = button.current;
    return () => void (drawn && drawn === document.activeElement && queueMicrotask(focusContentIfLost));
  }, []);
  if (isReadOnly) return null;
  const verb = pauseOf(query) ? "Resume" : "Pause";
  return html`<button ref=${button} class="quiet" aria-haspopup="dialog" onClick=${() => ask(query)}>
    ${query ? verb : `${verb} all`}<span class="unseen"> ${query ? subjectText(query) : "jobs"}</span>
  </button>`;
}

/** That something is paused; with its details the words say by whom, why and until when, else the title does. @param {{query: string, hasDetails?: boolean}} props */
export function PausedMark({ query, hasDetails = false }) {
  const pause = pauseOf(query);
  if (!pause) return null;
  const details = pauseDetails(pause, now.value);
  return html` <span class="badge-warn" title=${details}>paused</span>${hasDetails && html`<small class="pause-details" title=${details}>${details}</small>`}`;
}

/** What is paused, before all else: by whom, why, until when, and a button to resume it. @param {{pauses: Pause[], ask: Pausing["ask"]}} props */
export function PauseNotices({ pauses, ask }) {
  const [areAllShown, showAll] = useState(false);
  if (!pauses.length) return null;
  const shown = areAllShown ? pauses : pauses.slice(0, MAX_NOTICES);
  return html`<section class="troubles" aria-label="Paused">
    <ul>${shown.map((pause) => html`<${Notice} key=${pause.query} pause=${pause} ask=${ask} />`)}</ul>
    ${shown.length < pauses.length && html`<p class="more-pauses"><button class="quiet" onClick=${() => showAll(true)}>Show all ${number(pauses.length)} pauses</button></p>`}
  </section>`;
}

/** @param {{pause: Pause, ask: Pausing["ask"]}} props */
function Notice({ pause, ask }) {
  const { query, reason, until, paused_by, paused_at } = pause;
  const { before, name, where } = subjectOf(query);
  return html`<li class="trouble trouble-warning pause">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 4.5v7M10 4.5v7" /></svg>
    <div>
      <p class="trouble-what">
        ${capitalized(before)}${query ? html`<a href=${where}>${name}</a>` : name} is paused${paused_by && ` by ${paused_by}`}
        ${" "}<time title=${fullTime(paused_at)}>${ago(paused_at, now.value)}</time>
      </p>
      <p class="pause-reason">${reason && `${reason.replace(/\.$/, "")} · `}<span title=${until ? fullTime(until) : undefined}>${endText(pause, now.value)}</span></p>
    </div>
    <${PauseButton} query=${query} ask=${ask} />
  </li>`;
}

/** @typedef {{query: string, onDone: (said: string) => void, onClose: () => void}} QuestionProps */

/** @param {QuestionProps} props */
function PauseQuestion({ query, onDone, onClose }) {
  const [reason, setReason] = useState("");
  const [seconds, setSeconds] = useState(/** @type {number | null} */ (null));
  const other = pauseOf(query); // it came while the question was open
  const pause = async () => onDone(pausedText(await bahn.ask(ADMIN_PAUSE, [], pauseArguments({ query, reason, seconds, who: nameShown() }))));
  return html`<${Ask} title="Pause ${subjectText(query)}?" verb="Pause" onYes=${pause} onClose=${onClose}>
    <p class="muted">${query ? "None of its jobs starts" : "No job starts"} meanwhile. What runs goes on, and new jobs wait.</p>
    ${other && html`<p class="warning">It is paused by now, ${pauseDetails(other, now.value)}. Yours takes the place of that pause.</p>`}
    <${PauseFields} reason=${reason} setReason=${setReason} seconds=${seconds} setSeconds=${setSeconds} />
  <//>`;
}

/**
 * Why, for how long, and who.
 * @param {{reason: string, setReason: (reason: string) => void, seconds: number | null, setSeconds: (seconds: number | null) => void}} props
 */
export function PauseFields({ reason, setReason, seconds, setSeconds }) {
  return html`<div class="ask-fields">
    <div class="field">
      <label for="pause-reason">Reason<span class="field-kind">optional</span></label>
      <input
        id="pause-reason" value=${reason} maxlength=${MAX_REASON_LENGTH} autocomplete="off" aria-describedby="pause-reason-note"
        onInput=${(/** @type {Typed} */ { currentTarget }) => setReason(currentTarget.value)}
      />
      <p class="field-note" id="pause-reason-note">Shown with each job that waits for it.</p>
    </div>
    <fieldset class="choice-field">
      <legend>For how long</legend>
      <div class="choice">
        ${PAUSE_LENGTHS.map((length) => html`<label key=${length.text}>
          <input type="radio" name="pause-length" value=${length.text} checked=${length.seconds === seconds} onChange=${() => setSeconds(length.seconds)} />${length.text}
        </label>`)}
      </div>
    </fieldset>
    <${WhoField} id="pause-who" note="Shown as who paused it." />
  </div>`;
}

/** @param {QuestionProps} props */
function ResumeQuestion({ query, onDone, onClose }) {
  const pause = pauseOf(query); // another operator may have resumed it
  const resume = async () => onDone(resumedText(await bahn.ask(ADMIN_RESUME, [], { query, who: nameShown() })));
  return html`<${Ask} title="Resume ${subjectText(query)}?" verb="Resume" onYes=${resume} onClose=${onClose}>
    <p class="muted pause-reason">${pause ? `Paused ${pauseDetails(pause, now.value)}` : "It is not paused any more."}</p>
    <p class="muted">Jobs that wait for it may start at once.</p>
  <//>`;
}
