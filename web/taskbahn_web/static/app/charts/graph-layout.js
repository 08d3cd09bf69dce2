/**
 * Where the jobs of a graph are drawn: columns from left to right, each job behind all that it waits for; many jobs of one column are
 * small cells in a block. Nothing here touches the page. `taskbahn/jobs/graph_svg.py` lays out in the same way.
 */

export const MOST_BOXES = 12; // jobs of a column that are boxes with words; more are cells with a sign
const BOX = { width: 176, height: 44, gap: 8 }; // pixels
const CELL = { width: 26, height: 24, gap: 2 }; // at least 24 pixels, so that a finger finds it
const CELLS_HIGH = { least: 15, most: 24, wide: 12 }; // of a block: it grows in height first, until it is wide
const COLUMN_GAP = 44;
const MARGIN = 10;

/**
 * @typedef {import("../../client/graph.js").GraphNode} GraphNode
 * @typedef {import("../../client/graph.js").GraphEdge} GraphEdge
 *
 * @typedef {object} Box  pixels
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 *
 * @typedef {Box & {id: string, column: number, row: number, block: Box | null}} Placed  block: that of the cells, if it is one
 */

/**
 * @param {string[]} ids
 * @param {GraphEdge[]} edges
 * @returns {string[][]}  the jobs by columns; a circle of jobs that are shown as one is cut where it began
 */
export function graphColumns(ids, edges) {
  const waits = new Map(ids.map((id) => [id, 0]));
  /** @type {Map<string, string[]>} */
  const children = new Map();
  for (const { parent, child } of edges) {
    waits.set(child, (waits.get(child) ?? 0) + 1);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const rank = new Map(ids.map((id) => [id, 0]));
  const left = new Set(ids);
  const free = ids.filter((id) => !waits.get(id));
  while (left.size) {
    const at = free.pop() ?? /** @type {string} */ (left.values().next().value);
    if (!left.delete(at)) continue;
    for (const child of children.get(at) ?? []) {
      const open = (waits.get(child) ?? 0) - 1;
      waits.set(child, open);
      if (!left.has(child)) continue;
      rank.set(child, Math.max(rank.get(child) ?? 0, (rank.get(at) ?? 0) + 1));
      if (open === 0) free.push(child);
    }
  }
  /** @type {string[][]} */
  const columns = [];
  for (const id of ids) (columns[rank.get(id) ?? 0] ??= []).push(id);
  return columns.filter(Boolean);
}

/**
 * @param {string[][]} columns
 * @returns {{boxes: Map<string, Placed>, width: number, height: number}}
 */
export function placeGraph(columns) {
  const sizes = columns.map(columnSize);
  const tallest = Math.max(0, ...sizes.map(({ height }) => height));
  /** @type {Map<string, Placed>} */
  const boxes = new Map();
  let x = MARGIN;
  columns.forEach((ids, column) => {
    const { width, height, each, isBlock } = sizes[column];
    const top = MARGIN + (tallest - height) / 2;
    const block = isBlock ? { x: x - 5, y: top - 5, width: width + 10, height: height + 10 } : null;
    const high = blockHeight(ids.length);
    ids.forEach((id, index) => {
      const [across, row] = isBlock ? [Math.floor(index / high), index % high] : [0, index];
      const place = { x: x + across * (each.width + each.gap), y: top + row * (each.height + each.gap), width: each.width, height: each.height };
      boxes.set(id, { ...place, id, column, row, block });
    });
    x += width + COLUMN_GAP;
  });
  return { boxes, width: x - COLUMN_GAP + MARGIN, height: tallest + 2 * MARGIN };
}

/** How many cells are below each other. @param {number} count */
const blockHeight = (count) => Math.max(CELLS_HIGH.least, Math.min(CELLS_HIGH.most, Math.ceil(count / CELLS_HIGH.wide)));

/** @param {string[]} ids */
function columnSize({ length }) {
  const isBlock = length > MOST_BOXES;
  const each = isBlock ? CELL : BOX;
  const cells = blockHeight(length);
  const [across, high] = isBlock ? [Math.ceil(length / cells), Math.min(length, cells)] : [1, length];
  return { isBlock, each, width: across * (each.width + each.gap) - each.gap, height: high * (each.height + each.gap) - each.gap };
}

/**
 * The lines between jobs, each once: a block of cells has one for all.
 * @param {GraphEdge[]} edges
 * @param {Map<string, Placed>} boxes
 * @param {Set<string>} critical
 * @returns {{path: string, isCritical: boolean, isOpen: boolean}[]}
 */
export function graphLines(edges, boxes, critical) {
  /** @type {Map<string, {path: string, isCritical: boolean, isOpen: boolean}>} */
  const lines = new Map();
  for (const { parent, child, state } of edges) {
    const [start, end] = [boxes.get(parent), boxes.get(child)];
    if (!start || !end) continue;
    const path = curve(start.block ?? start, end.block ?? end);
    const known = lines.get(path);
    const isCritical = Boolean(known?.isCritical) || (critical.has(parent) && critical.has(child));
    lines.set(path, { path, isCritical, isOpen: Boolean(known?.isOpen) || state !== "satisfied" });
  }
  return [...lines.values()];
}

/** @param {Box} start @param {Box} end */
function curve(start, end) {
  const [x1, y1, x2, y2] = [start.x + start.width, start.y + start.height / 2, end.x, end.y + end.height / 2];
  const bend = Math.max(20, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/**
 * The job to which an arrow key leads.
 * @param {Map<string, Placed>} boxes
 * @param {string} id
 * @param {string} key
 * @returns {string | null}  null: there is none
 */
export function neighbour(boxes, id, key) {
  const from = boxes.get(id);
  const step = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[key];
  if (!from || !step) return null;
  const [across, down] = step;
  const middle = (/** @type {Placed} */ box) => [box.x + box.width / 2, box.y + box.height / 2];
  const [x, y] = middle(from);
  let best = /** @type {string | null} */ (null);
  let least = Infinity;
  for (const box of boxes.values()) {
    const [dx, dy] = [middle(box)[0] - x, middle(box)[1] - y];
    const [ahead, aside] = across ? [dx * across, Math.abs(dy)] : [dy * down, Math.abs(dx)];
    const distance = ahead + 2 * aside;
    if (ahead > 1 && (across || aside < BOX.width / 2) && distance < least) [best, least] = [box.id, distance];
  }
  return best;
}
