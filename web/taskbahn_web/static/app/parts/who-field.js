/** Under which name the reader changes something: one field, whose value this browser keeps. */

import { html } from "../core/html.js";
import { keepName, MAX_WHO_LENGTH, who } from "../core/who.js";

/** @param {{id: string, note: string}} props  note: what the name is for */
export function WhoField({ id, note }) {
  return html`<div class="field">
    <label for=${id}>Your name<span class="field-kind">optional</span></label>
    <input
      id=${id} value=${who.value} maxlength=${MAX_WHO_LENGTH} autocomplete="name" spellcheck=${false} aria-describedby="${id}-note"
      onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => keepName(currentTarget.value)}
    />
    <p class="field-note" id="${id}-note">${note} Kept in this browser.</p>
  </div>`;
}
