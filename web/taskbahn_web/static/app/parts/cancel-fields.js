/** Why and by whom jobs are cancelled: the same fields for one job and for many. */

import { html } from "../core/html.js";
import { WhoField } from "./who-field.js";

const MAX_REASON_LENGTH = 500; // characters, as the node keeps

/** @param {{reason: string, onReason: (reason: string) => void, isMany?: boolean}} props */
export function CancelFields({ reason, onReason, isMany = false }) {
  return html`<div class="ask-fields">
    <div class="field">
      <label for="cancel-reason">Reason<span class="field-kind">optional</span></label>
      <input
        id="cancel-reason" value=${reason} maxlength=${MAX_REASON_LENGTH} autocomplete="off"
        onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => onReason(currentTarget.value)}
      />
    </div>
    <${WhoField} id="cancel-who" note=${isMany ? "Shown as who cancelled them." : "Shown as who cancelled it."} />
  </div>`;
}
