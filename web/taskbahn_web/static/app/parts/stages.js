/** The stages of an attempt as a tree: each with its bar, how much is done, at which rate, for how long. */

import { duration, number, wholeDuration } from "../format.js";
import { html } from "../html.js";
import { now } from "../live.js";
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
    ${inOrder(stages).map(({ stage, depth }) => html`<${Row} key=${stage.id} stage=${stage} depth=${depth} state=${state} end=${end} />`)}
  </ol>`;
}

/** @param {{stage: Stage, depth: number, state: string, end: number | null}} props */
function Row({ stage, depth, state, end }) {
  const { name, total, done = 0, started_at = 0, ended_at } = stage;
  const isOver = Boolean(ended_at);
  const shown = isOver ? "succeeded" : state;
  const fraction = total ? done / total : isOver ? 1 : null;
  const seconds = Math.max(0, (ended_at ?? end ?? now.value) - started_at);
  return html`<li class="stage depth-${Math.min(depth, 5)}">
    <span class="stage-name">${name}</span>
    <${Bar} fraction=${fraction} state=${shown} label=${name} />
    <span class="stage-done">${total ? `${number(done)} / ${number(total)}` : done ? number(done) : ""}</span>
    <span class="stage-rate">${done && seconds > 0.5 ? `${number(done / seconds)}/s` : ""}</span>
    <span class="stage-time">${started_at ? (isOver || end ? duration(seconds) : wholeDuration(seconds)) : ""}</span>
  </li>`;
}

/**
 * @param {Stage[]} stages
 * @returns {{stage: Stage, depth: number}[]}  each after its parent
 */
export function inOrder(stages) {
  const known = new Set(stages.map(({ id }) => id));
  const isTop = (/** @type {Stage} */ { parent }) => parent === null || parent === undefined || !known.has(parent);
  /** @type {(stage: Stage, depth: number) => {stage: Stage, depth: number}[]} */
  const withChildren = (stage, depth) => [
    { stage, depth },
    ...stages.filter(({ parent }) => parent === stage.id).flatMap((child) => withChildren(child, depth + 1)),
  ];
  return stages.filter(isTop).flatMap((stage) => withChildren(stage, 0));
}
