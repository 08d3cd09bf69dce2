/**
 * All jobs that match as one long table, of which only the rows in sight are drawn. Rows have one height, so that what is above and
 * below them is empty room of the right size.
 */

import { Component } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { isReadOnly } from "../core/access.js";
import { ago, fullTime, shortId } from "../../shared/format.js";
import { drawInFrame } from "../core/frame.js";
import { html } from "../core/html.js";
import { tasks } from "../data/directory.js";
import { now } from "../data/live.js";
import { scrollBack } from "../core/place.js";
import { link } from "../core/route.js";
import { ProgressCell, durationText } from "./job-cells.js";
import { cutOf, jobName } from "../text/flow-text.js";
import { State } from "./state.js";
import { quote } from "../data/query-words.js";

/**
 * @typedef {import("../../client/wire.js").JobView} JobView
 * @typedef {import("../data/job-window.js").JobWindow} JobWindow
 * @typedef {import("../core/selection.js").Selection} Selection
 */

const ROW_PIXELS = { wide: 40, narrow: 76 }; // pixels of a row, as in jobs.css
const TASKS_PAUSE_SECONDS = 5; // seconds between two looks at which tasks no worker serves
const MARGIN_ROWS = 8; // rows that are drawn beyond the edges
const STRIDE_ROWS = 4; // rows by which the drawn part moves: few enough for one frame, and most scrolling draws no new row
const FLIGHT_ROWS = 4; // rows from one frame to the next: too fast to read, so each row says only which job it is
const LANDING_ROWS = 2; // rows, as slow that they can be drawn in full again
const LANDING_MILLISECONDS = 100; // milliseconds without scrolling
const NARROW_MEDIA = "(width < 720px)";

/** @param {{list: JobWindow, selection: Selection}} props */
export function JobRows({ list, selection }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const height = useRowHeight();
  useEffect(() => tasks.open(TASKS_PAUSE_SECONDS), []);
  useLayoutEffect(scrollBack, []); // before anything looks at which rows are in sight
  const sight = useSight(body, height);
  list.version.value; // read here, so that each new version draws this again
  const { count } = list.pages;
  const { first, last, isTop, isFlight } = withinList(sight, count);
  useEffect(() => list.see(first, last, isTop), [list, first, last, isTop, count]);
  useEffect(() => selection.onMove((index) => bringIntoSight(body.current, index, height)), [selection, height]);

  const rows = list.pages.slice(first, Math.min(last, count));
  const isTagged = useRef(false); // once a row has one, the columns stay as they are
  isTagged.current ||= rows.some(({ entry }) => entry?.job.tags?.length);
  return html`<div class="rows-box"><table class="rows ${isReadOnly ? "rows-readonly" : ""} ${isTagged.current ? "" : "rows-untagged"}" role="table" aria-rowcount=${count + 1} aria-label="Jobs, newest first">
    <thead role="rowgroup">
      <tr role="row" aria-rowindex="1">
        ${!isReadOnly && html`<${SelectAll} list=${list} selection=${selection} />`}
        <th role="columnheader">State</th><th role="columnheader">Job</th><th role="columnheader" class="cell-tags">Tags</th>
        <th role="columnheader">Progress</th><th role="columnheader">Accepted</th><th role="columnheader">Took</th>
        <th role="columnheader" class="cell-worker">Worker</th><th role="columnheader" class="cell-queue">Queue</th>
      </tr>
    </thead>
    <tbody role="rowgroup" ref=${body} style=${{ height: `${count * height}px` }}>
      ${rows.map(({ index, entry }) =>
        entry && isFlight
          ? html`<${PassingRow} key=${`passing ${index - first}`} job=${entry.job} index=${index} top=${index * height} />`
        : entry
          ? html`<${Row}
              key=${entry.job.id} job=${entry.job} index=${index} top=${index * height} isGone=${entry.isGone} selection=${selection}
              isSelected=${selection.has(entry.job.id)} isCurrent=${selection.current.value === entry.job.id}
            />`
          : html`<tr key=${`missing ${index}`} class="row" role="row" style=${{ transform: `translateY(${index * height}px)` }}><td role="cell">…</td></tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** @param {{list: JobWindow, selection: Selection}} props */
function SelectAll({ list, selection }) {
  list.version.value; // read here, so that each new version draws this again
  const { loaded } = list.pages;
  const [some, all] = [selection.size > 0, loaded > 0 && selection.size >= loaded];
  const box = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (box.current) box.current.indeterminate = some && !all;
  });
  return html`<th role="columnheader" class="cell-select">
    <input type="checkbox" ref=${box} checked=${all} aria-label="Select all jobs in this list" onClick=${() => (all ? selection.clear() : selection.add(list.pages.ids()))} />
  </th>`;
}

/**
 * @typedef {object} RowProps
 * @property {JobView} job
 * @property {number} index
 * @property {number} top  pixels
 * @property {boolean} isGone
 * @property {boolean} isSelected
 * @property {boolean} isCurrent
 * @property {Selection} selection
 */

/** One row; drawn again only if its job or its position changed. @extends {Component<RowProps>} */
class Row extends Component {
  /** @param {RowProps} next */
  shouldComponentUpdate(next) {
    const names = /** @type {const} */ (["job", "top", "isGone", "isSelected", "isCurrent"]);
    return names.some((name) => next[name] !== this.props[name]);
  }

  render() {
    const { job, index, top, isGone, isSelected, isCurrent, selection } = this.props;
    const { id, task, state, worker, queue, tags = [] } = job;
    const onSelect = (/** @type {MouseEvent} */ event) => selection.click(id, event.shiftKey);
    return html`<tr
      class="row ${isSelected ? "row-selected" : ""} ${isCurrent ? "row-current" : ""} ${isGone ? "row-gone" : ""}"
      role="row" aria-rowindex=${index + 2} data-job=${id} style=${{ transform: `translateY(${top}px)` }}
    >
      ${!isReadOnly && html`<td role="cell" class="cell-select"><input type="checkbox" checked=${isSelected} aria-label="Select ${task} ${shortId(id)}" onClick=${onSelect} /></td>`}
      <td role="cell" class="cell-state"><${State} state=${state} /></td>
      <th role="rowheader" class="cell-job"><a href=${link("jobs", id)} title="${task} ${id}"><span class=${cutOf(job)}><bdi>${jobName(job)}</bdi></span> <code>${shortId(id)}</code></a></th>
      <td role="cell" class="cell-tags" title=${tags.join(", ")}>${tags.map((tag) => html`<a key=${tag} class="tag" href=${link("jobs", null, { q: `tag:${quote(tag)}` })}>${tag}</a>`)}</td>
      <td role="cell" class="cell-progress"><${ProgressCell} job=${job} /></td>
      <${Times} job=${job} />
      <td role="cell" class="cell-worker" title=${worker ?? ""}>${worker ?? ""}</td>
      <td role="cell" class="cell-queue" title=${queue}>${queue}</td>
    </tr>`;
  }
}

/** A row that passes too fast to be read: little to draw, and its nodes serve the next one. @param {{job: JobView, index: number, top: number}} props */
function PassingRow({ job: { id, task }, index, top }) {
  return html`<tr class="row" role="row" aria-rowindex=${index + 2} style=${{ transform: `translateY(${top}px)` }}><td role="cell" class="cell-passing">${task} ${shortId(id)}</td></tr>`;
}

/** What moves by itself. @param {{job: JobView}} props */
function Times({ job }) {
  const { created_at = 0 } = job;
  return html`<td role="cell" class="cell-when"><time title=${fullTime(created_at)}>${ago(created_at, now.value)}</time></td>
    <td role="cell" class="cell-took">${durationText(job)}</td>`;
}

function useRowHeight() {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW_MEDIA).matches);
  useEffect(() => {
    const media = matchMedia(NARROW_MEDIA);
    const changed = () => setNarrow(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, []);
  return isNarrow ? ROW_PIXELS.narrow : ROW_PIXELS.wide;
}

/**
 * Which rows are in sight, with some around, and whether they fly past.
 * @param {{current: HTMLElement | null}} body
 * @param {number} height  of a row, pixels
 */
function useSight(body, height) {
  const [sight, setSight] = useState({ first: 0, last: 4 * MARGIN_ROWS, isTop: true, isFlight: false });
  useLayoutEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let landing;
    let before = NaN; // nowhere
    let isFlight = false;
    const look = () => {
      if (!body.current) return;
      const above = -body.current.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / height / STRIDE_ROWS) * STRIDE_ROWS - MARGIN_ROWS);
      const last = Math.max(0, Math.ceil((above + innerHeight) / height / STRIDE_ROWS) * STRIDE_ROWS) + MARGIN_ROWS;
      const isTop = above < height; // then new jobs come in; further down they would move what is read
      isFlight = Math.abs(above - before) > (isFlight ? LANDING_ROWS : FLIGHT_ROWS) * height;
      before = above;
      clearTimeout(landing);
      if (isFlight) landing = setTimeout(look, LANDING_MILLISECONDS);
      const now = { first, last, isTop, isFlight };
      setSight((known) => (known.first === first && known.last === last && known.isTop === isTop && known.isFlight === isFlight ? known : now));
    };
    const soon = drawInFrame(look);
    look();
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      clearTimeout(landing);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [height]);
  return sight;
}

/**
 * What was in sight before the list became shorter may be behind its end: the browser scrolls up then, but says so only later, if at all.
 * @template {{first: number, last: number}} T
 * @param {T} sight
 * @param {number} count  rows of the list
 * @returns {T}
 */
function withinList(sight, count) {
  const beyond = Math.min(sight.first, Math.max(0, sight.last - Math.max(count, 1) - MARGIN_ROWS));
  return beyond ? { ...sight, first: sight.first - beyond, last: sight.last - beyond } : sight;
}

/**
 * @param {HTMLElement | null} body
 * @param {number} index
 * @param {number} height
 */
function bringIntoSight(body, index, height) {
  if (!body) return;
  const padding = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  const top = body.getBoundingClientRect().top + index * height;
  if (top < padding) scrollBy(0, top - padding);
  else if (top + height > innerHeight - height) scrollBy(0, top + 2 * height - innerHeight);
}
