/** The fields of the times of a schedule: a kind, and what that needs. */

import { html } from "../core/html.js";
import { splitAt } from "../text/limit-text.js";
import { KINDS, SUN_EVENTS } from "../text/schedule-draft.js";

/**
 * @typedef {import("../text/schedule-draft.js").Draft} Draft
 * @typedef {import("../data/schedule-preview.js").Preview} Preview
 * @typedef {(name: string, value: string) => void} Change
 * @typedef {{currentTarget: HTMLInputElement}} Typed
 *
 * @typedef {object} TextProps
 * @property {string} name
 * @property {string} label
 * @property {string} value
 * @property {Change} change
 * @property {import("../core/html.js").Children} [note]
 * @property {import("../core/html.js").Children} [problem]
 * @property {string} [kind]  a word beside the label
 * @property {number} [rows]  of a larger text
 * @property {string} [type]
 * @property {string} [list]
 * @property {string} [placeholder]
 */

/** A field with its label, what may be given, and what is wrong. @param {TextProps} props */
export function TextField({ name, label, value, change, note, problem, kind, rows, type = "text", list, placeholder }) {
  const id = `schedule-${name}`;
  const described = [note && `${id}-note`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const common = {
    id, value, placeholder, autocomplete: "off", spellcheck: false, "aria-describedby": described || undefined, "aria-invalid": problem ? "true" : undefined,
    onInput: (/** @type {Typed} */ { currentTarget }) => change(name, currentTarget.value),
  };
  return html`<div class="field ${problem ? "field-wrong" : ""}">
    <label for=${id}>${label}${kind && html`<span class="field-kind">${kind}</span>`}</label>
    ${rows ? html`<textarea class="json" rows=${rows} ...${common}></textarea>` : html`<input type=${type} list=${list} class=${type === "datetime-local" ? "datetime" : undefined} ...${common} />`}
    <p class="field-problem" id="${id}-problem" role="alert">${problem}</p>
    ${note && html`<p class="field-note" id="${id}-note">${note}</p>`}
  </div>`;
}

/** One of several. @param {{name: string, label: string, value: string, change: Change, options: {value: string, text: string}[], note?: string}} props */
export function SelectField({ name, label, value, change, options, note }) {
  const id = `schedule-${name}`;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} value=${value} aria-describedby=${note ? `${id}-note` : undefined} onChange=${(/** @type {Typed} */ { currentTarget }) => change(name, currentTarget.value)}>
      ${options.map((option) => html`<option key=${option.value} value=${option.value} selected=${option.value === value}>${option.text}</option>`)}
    </select>
    ${note && html`<p class="field-note" id="${id}-note">${note}</p>`}
  </div>`;
}

/** @param {{draft: Draft, change: Change, preview: Preview}} props */
export function WhenFields({ draft, change, preview }) {
  const { kind } = draft;
  const wrong = (/** @type {string} */ name) => (preview.field === name ? html`<${Wrong} value=${draft[name]} preview=${preview} />` : "");
  const field = (/** @type {string} */ name, /** @type {string} */ label, /** @type {Partial<TextProps>} */ more = {}) =>
    html`<${TextField} key=${name} name=${name} label=${label} value=${draft[name]} change=${change} problem=${wrong(name)} ...${more} />`;
  const zone = field("zone", "Time zone", { list: "schedule-zones", note: html`Such as <code>Europe/Berlin</code>, or <code>UTC</code>.` });
  return html`<fieldset class="choice-field">
      <legend>When</legend>
      <div class="choice">${KINDS.map((one) => html`<label key=${one.kind}>
        <input type="radio" name="schedule-kind" value=${one.kind} checked=${one.kind === kind} onChange=${() => change("kind", one.kind)} />${one.text}
      </label>`)}</div>
    </fieldset>
    ${kind === "cron" && html`${field("line", "Cron line", { note: "Minute, hour, day of month, month, day of week; with six fields the first is the second." })}${zone}<${Clocks} draft=${draft} change=${change} />`}
    ${kind === "every" && html`${field("interval", "Every", { note: "Such as 90s, 15m, 1h30m or 2d." })}${field("from", "Counted from", { kind: "optional", type: "datetime-local", note: "If left out, from the beginning of 1970 in UTC: each full hour, for example." })}`}
    ${kind === "sun" && html`<${SelectField} name="event" label="What the sun does" value=${draft.event} change=${change} options=${SUN_EVENTS.map((value) => ({ value, text: value.replace("_", ", ") }))} />
      ${field("latitude", "Latitude", { kind: "degrees, north is positive" })}${field("longitude", "Longitude", { kind: "degrees, east is positive" })}
      ${preview.field === "event" && html`<p class="field-problem" role="alert">${preview.problem}</p>`}`}
    ${kind === "calendar" && html`${field("rule", "Recurrence rule", { rows: 2, note: html`As calendars have it (RFC 5545): <code>FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18</code>. A line <code>DTSTART:20260105T090000</code> before it says from when it counts.` })}${zone}`}
    ${kind === "dates" && html`${field("dates", "Days and times", { rows: 4, placeholder: "2026-12-24T18:00", note: "One a line, ISO 8601; a day is its midnight." })}${zone}`}
    ${kind === "json" && field("json", "Times as JSON", { rows: 8, note: html`Forms in <code>any</code>, <code>all</code> or <code>except</code>: the times of both, of all, or of one without another.` })}
    <datalist id="schedule-zones">${zones().map((name) => html`<option key=${name} value=${name} />`)}</datalist>`;
}

/** What a time means that clocks skip or repeat. @param {{draft: Draft, change: Change}} props */
function Clocks({ draft, change }) {
  return html`<details class="fold" open=${draft.skipped_time !== "after" || draft.repeated_time !== "first"}>
    <summary>When clocks are changed</summary>
    <div class="form-pair">
      <${SelectField} name="skipped_time" label="A time that clocks skip" value=${draft.skipped_time} change=${change} options=${[{ value: "after", text: "fires after the gap" }, { value: "never", text: "does not fire" }]} />
      <${SelectField} name="repeated_time" label="A time that clocks show twice" value=${draft.repeated_time} change=${change} options=${[{ value: "first", text: "fires at the first" }, { value: "second", text: "fires at the second" }, { value: "both", text: "fires at both" }]} />
    </div>
  </details>`;
}

/** What is wrong, with the character at which it is. @param {{value: string, preview: Preview}} props */
function Wrong({ value, preview: { problem, position } }) {
  if (position === null) return problem;
  const [before, letter, after] = splitAt(value, position);
  return html`<code class="limit-wrong" aria-hidden="true">${before}<mark>${letter}</mark>${after}</code> ${problem}`;
}

/** @returns {string[]} */
function zones() {
  return ["UTC", ...(/** @type {any} */ (Intl).supportedValuesOf?.("timeZone") ?? [])];
}
