/** How far something is, as a bar: a share if that is known, else only that it moves. */

import { percent } from "../../shared/format.js";
import { html } from "../core/html.js";

/**
 * @param {object} props
 * @param {number | null} [props.fraction]  0 to 1
 * @param {string} props.label  for those who do not see it
 * @param {string} [props.state]  of the job: gives the colour, and running ones move
 * @param {"thin" | "thick"} [props.size]
 */
export function Bar({ fraction = null, label, state = "running", size = "thin" }) {
  const isKnown = fraction !== null;
  const share = Math.min(1, Math.max(0, fraction ?? 0));
  return html`<span
    class="bar bar-${size} bar-${state} ${isKnown || state !== "running" ? "" : "bar-moving"}"
    role="progressbar"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${isKnown ? Math.round(share * 100) : undefined}
    aria-valuetext=${isKnown ? percent(share) : undefined}
  >
    <i style=${{ transform: `scaleX(${isKnown ? share : 1})` }}></i>
  </span>`;
}
