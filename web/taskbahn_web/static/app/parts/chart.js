/**
 * Values over time as lines, with the time and the values under the pointer, or where the arrow keys are. Draws with uPlot, which
 * is loaded when it is first needed.
 */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { html } from "../core/html.js";
import { nextPoint } from "../charts/points.js";
import { repaintCount } from "../core/theme.js";
import { plot } from "./plot.js";

/**
 * @typedef {import("../charts/tiles.js").Line} Line
 *
 * @typedef {object} Under  what the pointer is over, or the keyboard at
 * @property {number} index
 * @property {number} left  pixels
 */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {number} props.start  of the first value, seconds since the epoch
 * @param {number} props.step  seconds from one value to the next
 * @param {Line[]} props.lines
 * @param {(value: number) => string} props.format
 * @param {(time: number) => string} props.formatTime
 * @param {string} props.label  a sentence that says the same
 */
export function Chart({ title, start, step, lines, format, formatTime, label }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const drawn = useRef(/** @type {import("./plot.js").Plot | null} */ (null));
  const [pointed, setPointed] = useState(/** @type {Under | null} */ (null)); // where the pointer is
  const [read, setRead] = useState(/** @type {number | null} */ (null)); // the time at which the keyboard is
  const [marked, setMarked] = useState(/** @type {Under | null} */ (null)); // where that is in the chart
  const [said, say] = useState("");
  const data = useMemo(() => chartData(start, step, lines), [start, step, lines]);
  const at = read === null ? -1 : data[0].indexOf(read);
  const marker = useRef(at);
  marker.current = at;
  // the pointer of uPlot moves with all new values: what the keyboard marks is kept apart from it
  const mark = () => setMarked(marker.current < 0 || !drawn.current ? null : { index: marker.current, left: drawn.current.point(marker.current) });
  usePlot({ box, drawn, lines, data, onPoint: setPointed, onDrawn: mark });
  useEffect(mark, [at, data]);

  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const index = nextPoint(data, at, event.key);
    if (index === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const time = /** @type {number} */ (data[0][index]);
    setRead(time);
    say(`${formatTime(time)}: ${orderLines(lines).map(({ label: name, values }) => `${name} ${valueText(values[index], format)}`).join(", ")}`);
  };
  const onBlur = () => {
    setRead(null);
    setPointed(null);
    say("");
    drawn.current?.point(null);
  };

  const under = marked ?? pointed;
  const most = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return html`<div
    class="chart" role="application" aria-roledescription="chart" tabindex="0" aria-label="${title}: the arrow keys read its values"
    onKeyDown=${onKeyDown} onBlur=${onBlur}
  >
    <figure role="img" aria-label=${label}>
      <div class="chart-box" ref=${box}></div>
      ${most > 0 && html`<span class="chart-most" aria-hidden="true">${format(most)}</span>`}
    </figure>
    ${under && html`<${Tip} under=${under} data=${data} lines=${lines} format=${format} formatTime=${formatTime} />`}
    <p class="unseen" role="status">${said}</p>
  </div>`;
}

/**
 * Draw the lines in a box, and again when they look different.
 * @param {object} props
 * @param {{current: HTMLElement | null}} props.box
 * @param {{current: import("./plot.js").Plot | null}} props.drawn  where the drawing is put
 * @param {Line[]} props.lines
 * @param {(number | null)[][]} props.data
 * @param {(under: Under | null) => void} props.onPoint
 * @param {() => void} props.onDrawn
 */
function usePlot({ box, drawn, lines, data, onPoint, onDrawn }) {
  const newest = useRef(data);
  newest.current = data;
  const look = lines.map(({ tone, isFaint }) => `${tone} ${isFaint}`).join();
  useEffect(() => {
    let isGone = false;
    const host = /** @type {HTMLElement} */ (box.current);
    plot(host, lines, newest.current, onPoint).then(
      (made) => {
        if (isGone) return made.destroy();
        drawn.current = made;
        made.setData(newest.current);
        onDrawn();
      },
      () => {}, // The connection is lost. The numbers beside the chart are there, and the next visit of the page loads uPlot.
    );
    return () => {
      isGone = true;
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [look, repaintCount.value]);
  useEffect(() => drawn.current?.setData(data), [data]);
}

/** @param {{under: Under, data: (number | null)[][], lines: Line[], format: (value: number) => string, formatTime: (time: number) => string}} props */
function Tip({ under: { index, left }, data, lines, format, formatTime }) {
  const tip = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => placeTip(/** @type {HTMLElement} */ (tip.current), left));
  const time = data[0][index];
  if (time === null || time === undefined) return null;
  return html`<div class="tip" ref=${tip} aria-hidden="true">
    <time>${formatTime(time)}</time>
    ${orderLines(lines).map(
      ({ label, tone, values, isFaint }) =>
        html`<p key=${label} class=${isFaint ? "tip-faint" : ""}><i class="tone-${tone}"></i>${label} <b>${valueText(values[index], format)}</b></p>`,
    )}
  </div>`;
}

/** The more important one first. @param {Line[]} lines */
function orderLines(lines) {
  return [...lines].reverse();
}

/** @param {number | null | undefined} value @param {(value: number) => string} format */
function valueText(value, format) {
  return value === null || value === undefined ? "–" : format(value);
}

const EDGE_PIXELS = 8; // pixels to the sides of the window, at least

/**
 * Above the pointer, and wholly on the screen.
 * @param {HTMLElement | null} tip
 * @param {number} left  of the pointer in the chart, pixels
 */
function placeTip(tip, left) {
  const chart = tip?.parentElement?.getBoundingClientRect();
  if (!tip || !chart) return;
  const furthest = document.documentElement.clientWidth - EDGE_PIXELS - tip.offsetWidth;
  tip.style.left = `${Math.max(EDGE_PIXELS, Math.min(furthest, chart.left + left - tip.offsetWidth / 2)) - chart.left}px`;
}

/**
 * @param {number} start
 * @param {number} step
 * @param {Line[]} lines
 * @returns {(number | null)[][]}  the times, then the values of each line
 */
function chartData(start, step, lines) {
  const times = lines[0].values.map((_, index) => start + index * step);
  return [times, ...lines.map(({ values }) => values)];
}
