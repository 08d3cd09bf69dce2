/** What was changed beside the code: each field that differs, both values, by whom, and the way back. */

import { useState } from "preact/hooks";

import { ago, fullTime } from "../../shared/format.js";
import { sentence } from "../../taskbahn.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { bahn, now } from "../data/live.js";
import { backToCode, differences } from "../text/schedule-fields.js";
import { Problem } from "./note.js";
import { byWho } from "./schedule-dialogs.js";

/** @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView */

/** @param {{schedule: ScheduleView, onChanged: () => void}} props */
export function ScheduleChanges({ schedule, onChanged }) {
  const [failure, setFailure] = useState("");
  const { id, declared } = schedule;
  if (!declared) return null;
  const reset = async () => {
    setFailure("");
    try {
      await bahn.schedules.edit(id, /** @type {any} */ (backToCode(schedule)), byWho());
      onChanged();
    } catch (error) {
      setFailure(sentence(error));
    }
  };
  return html`<${Differences} of=${schedule} found=${differences(schedule)} failure=${failure} reset=${reset} />`;
}

/**
 * @param {object} props
 * @param {Pick<ScheduleView, "changed_by" | "changed_at" | "pause">} props.of  a schedule or a trigger
 * @param {{name: string, title: string, code: string, now: string}[]} props.found
 * @param {string} props.failure  of the way back
 * @param {() => void} props.reset
 */
export function Differences({ of: { changed_by, changed_at, pause }, found, failure, reset }) {
  return html`<section class="panel" aria-label="Code and changes">
    <h2>Code and changes</h2>
    ${!found.length && html`<p class="muted">It is as ${pause?.orphaned ? "code declared it last" : "code declares it"}.</p>`}
    ${found.length > 0 && html`
      <p class="muted">Set at run time${changed_by && ` by ${changed_by}`}${changed_at && html` <time title=${fullTime(changed_at)}>${ago(changed_at, now.value)}</time>`}, it holds instead of what code says:</p>
      <dl class="differences">${found.map(({ name, title, code, now: value }) => html`<div key=${name}>
        <dt>${title}</dt>
        <dd><span class="difference-word">code</span><del>${code}</del></dd>
        <dd><span class="difference-word">now</span><ins>${value}</ins></dd>
      </div>`)}</dl>
      ${failure && html`<${Problem}>${failure}<//>`}
      ${!isReadOnly && html`<p class="actions"><button onClick=${reset}>Back to what code says</button></p>`}`}
  </section>`;
}
