/** What became of the newest due times of a schedule, as a row of small columns: the newest at the right. */

import { html } from "../core/html.js";
import { outcomeOf, outcomesText } from "../text/schedule-text.js";

const WIDE = 6; // units of a column
const HEIGHT = 18;
const TALL = { good: 18, bad: 18, busy: 12, known: 18, warn: 9, idle: 5 }; // units: forms tell outcomes apart without colour

/** @param {{outcomes: string[], of?: number}} props  newest first; of: columns that there is room for */
export function Outcomes({ outcomes, of = 20 }) {
  if (!outcomes.length) return html`<span class="muted">none yet</span>`;
  const shown = outcomes.slice(0, of).reverse();
  const left = (of - shown.length) * WIDE;
  return html`<svg class="outcomes" viewBox="0 0 ${of * WIDE} ${HEIGHT}" width=${of * WIDE} height=${HEIGHT} role="img" aria-label="The newest ${shown.length}: ${outcomesText(outcomes)}">
    <title>${outcomesText(outcomes)}</title>
    ${shown.map((outcome, index) => {
      const { tone } = outcomeOf(outcome);
      const high = TALL[/** @type {keyof TALL} */ (tone)];
      const x = left + index * WIDE;
      return html`<g key=${index} class="outcome-${tone}">
        <rect x=${x + 0.5} y=${HEIGHT - high} width=${WIDE - 2} height=${high} rx="1" />
        ${tone === "bad" && html`<path d="M${x + 0.5} ${HEIGHT / 2 + 2.5}h${WIDE - 2}" />`}
      </g>`;
    })}
  </svg>`;
}
