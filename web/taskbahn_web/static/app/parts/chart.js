/** Values over time as lines, with the time and the values under the pointer. Draws with uPlot, which is loaded when it is first needed. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { repainted } from "../theme.js";
import { plot } from "./plot.js";

/**
 * @typedef {import("../tiles.js").Line} Line
 *
 * @typedef {object} Under  what the pointer is over
 * @property {number} index
 * @property {number} left  pixels
 */

/**
 * @param {object} props
 * @param {number} props.start  of the first value, seconds since the epoch
 * @param {number} props.step  seconds from one value to the next
 * @param {Line[]} props.lines
 * @param {(value: number) => string} props.format
 * @param {(time: number) => string} props.formatTime
 * @param {string} props.label  a sentence that says the same
 */
export function Chart({ start, step, lines, format, formatTime, label }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const drawn = useRef(/** @type {import("./plot.js").Plot | null} */ (null));
  const [under, setUnder] = useState(/** @type {Under | null} */ (null));
  const data = useMemo(() => table(start, step, lines), [start, step, lines]);
  const newest = useRef(data);
  newest.current = data;
  const look = lines.map(({ tone, isFaint }) => `${tone} ${isFaint}`).join();

  useEffect(() => {
    let isGone = false;
    const host = /** @type {HTMLElement} */ (box.current);
    plot(host, lines, newest.current, setUnder).then(
      (made) => {
        if (isGone) return made.destroy();
        drawn.current = made;
        made.setData(newest.current);
      },
      () => {}, // the connection is gone: the numbers stand beside it, and the next look at the page loads it
    );
    return () => {
      isGone = true;
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [look, repainted.value]);
  useEffect(() => drawn.current?.setData(data), [data]);

  const most = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return html`<figure class="chart" role="img" aria-label=${label}>
    <div class="chart-box" ref=${box}></div>
    ${most > 0 && html`<span class="chart-most" aria-hidden="true">${format(most)}</span>`}
    ${under && html`<${Tip} under=${under} data=${data} lines=${lines} format=${format} formatTime=${formatTime} />`}
  </figure>`;
}

/** @param {{under: Under, data: (number | null)[][], lines: Line[], format: (value: number) => string, formatTime: (time: number) => string}} props */
function Tip({ under: { index, left }, data, lines, format, formatTime }) {
  const tip = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => place(/** @type {HTMLElement} */ (tip.current), left));
  const time = data[0][index];
  if (time === null || time === undefined) return null;
  return html`<div class="tip" ref=${tip} aria-hidden="true">
    <time>${formatTime(time)}</time>
    ${[...lines].reverse().map(({ label, tone, values, isFaint }) => {
      const value = values[index];
      return html`<p key=${label} class=${isFaint ? "tip-faint" : ""}><i class="tone-${tone}"></i>${label} <b>${value === null || value === undefined ? "–" : format(value)}</b></p>`;
    })}
  </div>`;
}

const EDGE = 8; // pixels to the sides of the window, at least

/**
 * Above the pointer, and wholly on the screen.
 * @param {HTMLElement | null} tip
 * @param {number} left  of the pointer in the chart, pixels
 */
function place(tip, left) {
  const chart = tip?.parentElement?.getBoundingClientRect();
  if (!tip || !chart) return;
  const furthest = document.documentElement.clientWidth - EDGE - tip.offsetWidth;
  tip.style.left = `${Math.max(EDGE, Math.min(furthest, chart.left + left - tip.offsetWidth / 2)) - chart.left}px`;
}

/**
 * @param {number} start
 * @param {number} step
 * @param {Line[]} lines
 * @returns {(number | null)[][]}  the times, then the values of each line
 */
function table(start, step, lines) {
  const times = lines[0].values.map((_, index) => start + index * step);
  return [times, ...lines.map(({ values }) => values)];
}
