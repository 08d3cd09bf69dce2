/** A worker's slots as a picture: a square for each, filled if it is in use. */

import { html } from "../core/html.js";
import { slotSquares } from "../text/slot-squares.js";
import { Bar } from "./bar.js";

/** @param {{slots: number, running: number, isDraining?: boolean}} props */
export function Slots({ slots, running, isDraining = false }) {
  const squares = slotSquares(slots, running);
  return html`<div class="slots ${isDraining ? "slots-draining" : ""}">
    ${squares.length > 0
      ? html`<span class="slots-squares" role="img" aria-label="${running} of ${slots} in use">
          ${squares.map((isUsed, index) => html`<i key=${index} class=${isUsed ? "slot slot-used" : "slot"}></i>`)}
        </span>`
      : html`<${Bar} fraction=${slots ? running / slots : 0} label="Slots in use" size="thick" />`}
    <span class="slots-text">${running} of ${slots} slots</span>
  </div>`;
}
