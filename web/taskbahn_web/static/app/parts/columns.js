/** Jobs that ended over time, as small columns: failed ones on top of those that succeeded. */

import { count, number } from "../../shared/format.js";
import { html } from "../core/html.js";

const HEIGHT_UNITS = 40; // units of the picture; each column is WIDE of them
const COLUMN_UNITS = 8;
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** @param {{columns: import("../charts/merge-columns.js").Column[], label: string}} props */
export function Columns({ columns, label }) {
  const most = Math.max(1, ...columns.map(({ succeeded, failed }) => succeeded + failed));
  const high = (/** @type {number} */ jobs) => (jobs ? Math.max(1.5, (jobs / most) * HEIGHT_UNITS) : 0);
  return html`<figure class="columns">
    <svg viewBox="0 0 ${columns.length * COLUMN_UNITS} ${HEIGHT_UNITS}" preserveAspectRatio="none" role="img" aria-label=${label}>
      ${columns.map(({ at, succeeded, failed }, index) => {
        const [x, good, bad] = [index * COLUMN_UNITS + 1, high(succeeded), high(failed)];
        return html`<g key=${at}>
          <title>${TIME.format(at * 1000)}: ${count(succeeded, "job")} succeeded, ${number(failed)} failed</title>
          <rect class="column-room" x=${index * COLUMN_UNITS} y="0" width=${COLUMN_UNITS} height=${HEIGHT_UNITS} />
          ${good > 0 && html`<rect class="column-good" x=${x} y=${HEIGHT_UNITS - good} width=${COLUMN_UNITS - 2} height=${good} />`}
          ${bad > 0 && html`<rect class="column-bad" x=${x} y=${Math.max(0, HEIGHT_UNITS - good - bad)} width=${COLUMN_UNITS - 2} height=${bad} />`}
        </g>`;
      })}
    </svg>
    <figcaption><span>24 hours ago</span><span>most in half an hour: ${number(most)}</span><span>now</span></figcaption>
  </figure>`;
}
