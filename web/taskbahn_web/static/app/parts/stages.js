/** The stages of an attempt as a tree: each with its bar, how much is done, at which rate, for how long, and what is left. */

import { orderStages } from "../../shared/stages.js";
import { roughDuration } from "../../shared/expected.js";
import { duration, number, pace, wholeDuration } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now } from "../data/live.js";
import { Bar } from "./bar.js";

/** @typedef {import("../../client/wire.js").Stage} Stage */

/**
 * @param {object} props
 * @param {Stage[]} props.stages
 * @param {string} props.state  of the job
 * @param {number | null} [props.end]  when the job ended, seconds since the epoch
 */
export function Stages({ stages, state, end = null }) {
  return html`<ol class="stages">
    ${orderStages(stages).map(({ stage, depth }) => html`<${Row} key=${stage.id} stage=${stage} depth=${depth} state=${state} end=${end} />`)}
  </ol>`;
}

/** @param {{stage: Stage, depth: number, state: string, end: number | null}} props */
function Row({ stage, depth, state, end }) {
  const { name, started_at = 0, ended_at } = stage;
  const [total, done] = [Number(stage.total ?? 0), Number(stage.done ?? 0)]; // one beyond 2⁵³ comes as a BigInt
  const isOver = Boolean(ended_at);
  const shown = isOver ? "succeeded" : state;
  const fraction = total ? done / total : isOver ? 1 : null;
  const seconds = Math.max(0, (ended_at ?? end ?? now.value) - started_at);
  const left = !isOver && !end && total && done && seconds > 1 && done < total ? (seconds / done) * (total - done) : null;
  return html`<li class="stage depth-${Math.min(depth, 5)}">
    <span class="stage-name" title=${name}>${name}</span>
    <${Bar} fraction=${fraction} state=${shown} label=${name} />
    <span class="stage-done">${total ? `${number(done)} / ${number(total)}` : done ? number(done) : ""}</span>
    <span class="stage-rate">${pace(done, seconds)}</span>
    <span class="stage-time" title=${left === null ? "" : "expected, at its pace so far"}>
      ${left !== null ? `${roughDuration(left)} left` : started_at ? (isOver || end ? duration(seconds) : wholeDuration(seconds)) : ""}
    </span>
  </li>`;
}
