/** The graph of a job as a live picture: a box or a cell for each member, its state by colour and sign, and what waits for what. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { duration, wholeDuration } from "../../shared/format.js";
import { graphColumns, graphLines, neighbour, placeGraph } from "../charts/graph-layout.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { bahn, now } from "../data/live.js";
import { STATE_SIGNS, countsText, isFlow, jobName } from "../text/flow-text.js";

/**
 * @typedef {import("../../client/graph.js").JobGraph} JobGraph
 * @typedef {import("../../client/graph.js").GraphNode} GraphNode
 * @typedef {import("../charts/graph-layout.js").Placed} Placed
 */

const RELOAD_SECONDS = 1; // seconds between two questions at least
const TEXT_MARGIN = 6; // pixels; what is longer than its box is cut there

/**
 * Ask for something of a job, and again after each change, but not more often than once a second.
 * @template T
 * @param {() => Promise<T>} load
 * @param {unknown[]} changes
 * @returns {T | null}
 */
export function useReloaded(load, changes) {
  const [value, setValue] = useState(/** @type {T | null} */ (null));
  const asked = useRef(0); // seconds
  useEffect(() => {
    let isShown = true;
    const wait = Math.max(0, asked.current + RELOAD_SECONDS - Date.now() / 1000);
    const timer = setTimeout(() => {
      asked.current = Date.now() / 1000;
      load().then((found) => isShown && setValue(() => found), () => {}); // the page says itself when the node is away
    }, wait * 1000);
    return () => {
      isShown = false;
      clearTimeout(timer);
    };
  }, changes);
  return value;
}

/** @param {{job: import("../../client/wire.js").JobView}} props */
export function JobGraphView({ job: { id, state, members } }) {
  const graph = useReloaded(() => bahn.job(id).graph(), [id, state, JSON.stringify(members?.counts)]);
  const shown = useMemo(() => graph && arranged(graph), [graph]);
  const [current, setCurrent] = useState("");
  const drawing = useRef(/** @type {SVGSVGElement | null} */ (null));
  if (!graph || !shown || shown.nodes.length < 2) return null;
  const { nodes, boxes, lines, width, height } = shown;
  const entry = boxes.has(current) ? current : nodes[0].id;
  const critical = new Set(graph.critical);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const next = neighbour(boxes, entry, event.key);
    if (!next) return;
    event.preventDefault();
    setCurrent(next);
    /** @type {SVGAElement | null | undefined} */ (drawing.current?.querySelector(`[data-node="${next}"]`))?.focus();
  };
  return html`<section class="panel" aria-label="Graph">
    <h2>Graph</h2>
    <div class="graph-box">
      <svg ref=${drawing} class="graph" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="group" aria-label="Graph of the jobs; arrow keys lead from one to the next" onKeyDown=${onKeyDown}>
        ${blocks(boxes).map(({ x, y, width, height }) => html`<rect key=${x} class="graph-block" x=${x} y=${y} width=${width} height=${height} rx="6" />`)}
        ${lines.map(({ path, isCritical, isOpen }) => html`<path key=${path} d=${path} class="graph-line ${isCritical ? "is-critical" : ""} ${isOpen ? "is-open" : ""}" />`)}
        ${nodes.map((node) => html`<${Node} key=${node.id} node=${node} box=${boxes.get(node.id)} isCritical=${critical.has(node.id)} isEntry=${node.id === entry} isOwn=${node.id === id} onFocus=${() => setCurrent(node.id)} />`)}
      </svg>
    </div>
    <p class="muted graph-note">
      ${critical.size > 0 && html`<span>Thick: the critical path, whose jobs decide when the whole ends. </span>`}
      ${graph.collapsed && html`<span>Members of one task are shown as one. </span>`}
      ${graph.left_out ? html`<span>${graph.left_out} more are left out.</span>` : ""}
    </p>
  </section>`;
}

/** @param {JobGraph} graph  without the job of a whole flow, of which the page is */
function arranged(graph) {
  const nodes = graph.nodes.filter(({ id, kind = "task" }) => id !== graph.id || kind === "task");
  const ids = new Set(nodes.map(({ id }) => id));
  const edges = (graph.edges ?? []).filter(({ parent, child }) => ids.has(parent) && ids.has(child));
  const placed = placeGraph(graphColumns([...ids], edges));
  return { nodes, ...placed, lines: graphLines(edges, placed.boxes, new Set(graph.critical)) };
}

/** @param {Map<string, Placed>} boxes */
function blocks(boxes) {
  return [...new Set([...boxes.values()].map(({ block }) => block))].filter((block) => block !== null);
}

/**
 * @param {object} props
 * @param {GraphNode} props.node
 * @param {Placed} props.box
 * @param {boolean} props.isCritical
 * @param {boolean} props.isEntry  the tab key leads to it
 * @param {boolean} props.isOwn  it is the job of the page
 * @param {() => void} props.onFocus
 */
function Node({ node, box: { x, y, width, height, block }, isCritical, isEntry, isOwn, onFocus }) {
  const { id, state, counts } = node;
  const took = spanText(node);
  const count = counts ? Object.values(counts).reduce((sum, each) => sum + each, 0) : 1;
  const name = count > 1 ? `${jobName(node)} ×${count.toLocaleString("en")}` : jobName(node);
  const said = [counts ? countsText(counts) : state, took].filter(Boolean).join(" ");
  const words = [`${name} ${said}`, isCritical && "on the critical path", node.outside && "no member"].filter(Boolean).join(", ");
  return html`<a href=${link("jobs", id)} data-node=${id} class="graph-node state-${state} ${isCritical ? "is-critical" : ""} ${isOwn ? "is-own" : ""}" tabindex=${isEntry ? 0 : -1} aria-label=${words} onFocus=${onFocus}>
    <title>${words}</title>
    <rect x=${x} y=${y} width=${width} height=${height} rx="5" />
    ${block
      ? html`<text x=${x + width / 2} y=${y + 16} text-anchor="middle">${STATE_SIGNS[state]}</text>`
      : html`<svg x=${x} y=${y} width=${width - TEXT_MARGIN} height=${height}>
          <text x="10" y="18"><tspan class="graph-sign">${STATE_SIGNS[state]}</tspan> ${name} <tspan class="graph-said" x="10" y="35">${said}</tspan></text>
        </svg>`}
  </a>`;
}

/** How long a job runs, or ran. @param {GraphNode} node */
function spanText({ task, state, started_at, finished_at }) {
  if (!started_at || isFlow(task)) return "";
  if (finished_at) return duration(finished_at - started_at);
  return state === "running" ? wholeDuration(now.value - started_at) : "";
}
