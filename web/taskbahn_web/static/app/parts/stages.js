/** The stages of an attempt as a tree: each with its bar, how much is done, at which rate, for how long, and what is left. */

import { useState } from "preact/hooks";

import { orderStages, stageLook, stagesEnd } from "../../shared/stages.js";
import { roughDuration } from "../../shared/expected.js";
import { duration, number, pace, wholeDuration } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { foldStages } from "../text/fold-stages.js";
import { Bar } from "./bar.js";

/** @param {{job: import("../../client/wire.js").JobView}} props */
export function Stages({ job }) {
  const end = stagesEnd(job);
  return html`<ol class="stages">
    ${foldStages(orderStages(job.progress?.stages ?? [])).map((shown) =>
      "folded" in shown
        ? html`<${Folded} key="folded ${shown.folded[0].stage.id}" folded=${shown.folded} depth=${shown.depth} state=${job.state} end=${end} />`
        : html`<${Row} key=${shown.stage.id} stage=${shown.stage} depth=${shown.depth} state=${job.state} end=${end} />`,
    )}
  </ol>`;
}

/** Finished siblings as one line. @param {{folded: import("../text/fold-stages.js").Placed[], depth: number, state: string, end: number | null}} props */
function Folded({ folded, depth, state, end }) {
  const [isOpen, setOpen] = useState(false);
  return html`
    <li class="stage-fold depth-${Math.min(depth, 5)}"><button type="button" class="quiet stage-name" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${isOpen ? "Hide" : "Show"} ${number(folded.length)} finished</button></li>
    ${isOpen && folded.map((each) => html`<${Row} key=${each.stage.id} stage=${each.stage} depth=${each.depth} state=${state} end=${end} />`)}`;
}

/** @param {{stage: import("../../client/wire.js").Stage, depth: number, state: string, end: number | null}} props */
function Row({ stage, depth, state, end }) {
  const { name, started_at } = stage;
  const { look, share, done, total, seconds, isMoving } = stageLook(stage, state, end, now.value);
  const left = isMoving && total && done && seconds > 1 && done < total ? (seconds / done) * (total - done) : null;
  return html`<li class="stage depth-${Math.min(depth, 5)}">
    <span class="stage-name" title=${name}>${name}</span>
    <${Bar} fraction=${share} state=${look} label=${name} />
    <span class="stage-done">${total ? `${number(done)} / ${number(total)}` : done ? number(done) : ""}</span>
    <span class="stage-rate">${pace(done, seconds)}</span>
    <span class="stage-time" title=${left === null ? "" : "expected, at its pace so far"}>
      ${left !== null ? `${roughDuration(left)} left` : started_at ? (isMoving ? wholeDuration(seconds) : duration(seconds)) : ""}
    </span>
  </li>`;
}
