/** Log lines, oldest first; stays at the newest line as long as the reader does. Filtered by level and text, and copied whole. */

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { AtEnd } from "../../shared/at-end.js";
import { clock, count, fullTime, number } from "../../shared/format.js";
import { html } from "../core/html.js";
import { useKept } from "../core/place.js";
import { plainText } from "../../shared/plain-text.js";
import { CopyButton } from "./copy-button.js";

const LINES_AT_FIRST = 500; // lines, until more are asked for
const TIMES_MORE = 4; // times as many, when more are asked for
const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/** @typedef {import("../../client/wire.js").Event} Event */

/** @param {{lines: Event[], left: number, onRest: () => void, isLive: boolean}} props  left: earlier lines that are not loaded */
export function Log({ lines, left, onRest, isLive }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const end = useRef(/** @type {AtEnd | null} */ (null));
  const [isFollowing, setFollowing] = useState(true);
  const [shown, setShown] = useState(LINES_AT_FIRST);
  const [least, setLeast] = useKept("log level", "DEBUG");
  const [text, setText] = useKept("log words", "");
  const wanted = lines.filter((line) => isWanted(line, least, text));
  const hidden = Math.max(0, wanted.length - shown);

  useLayoutEffect(() => {
    if (box.current) end.current = new AtEnd(box.current, setFollowing);
  }, []);
  useLayoutEffect(() => end.current?.keep(), [lines, isFollowing, least, text]);

  return html`
    <div class="log-head">
      <label><span class="unseen">Least level</span>
        <select value=${least} onChange=${(/** @type {Changed} */ { currentTarget }) => setLeast(currentTarget.value)}>
          ${LEVELS.map((level) => html`<option key=${level} value=${level} selected=${level === least}>${level === "DEBUG" ? "every level" : `${level.toLowerCase()} and above`}</option>`)}
        </select>
      </label>
      <input type="search" aria-label="Find in the log" placeholder="Find" value=${text} onInput=${(/** @type {Changed} */ { currentTarget }) => setText(currentTarget.value)} />
      <span class="muted" role="status">${countText(wanted.length, lines.length, left)}</span>
      <button type="button" class="quiet" aria-pressed=${isFollowing} onClick=${() => (isFollowing ? end.current?.leave() : end.current?.go())}>Follow</button>
      <${CopyButton} text=${wanted.map((line, index) => (isLater(line, wanted[index - 1]) ? `-- attempt ${line.attempt} --\n${lineText(line)}` : lineText(line))).join("\n")} what="the log" />
    </div>
    <div class=${isFollowing ? "log at-end" : "log"} role="log" aria-label="Log" aria-live=${isLive ? "polite" : "off"} tabindex="0" ref=${box}>
      ${left > 0 && html`<button class="quiet" onClick=${onRest}>Load the first ${count(left, "line")}</button>`}
      ${hidden > 0 && html`<button class="quiet" onClick=${() => setShown(shown * TIMES_MORE)}>${moreText(hidden, shown * (TIMES_MORE - 1))}</button>`}
      ${wanted.slice(hidden).flatMap((line, index, all) => {
        const drawn = html`<${Line} key=${line.number} line=${line} />`;
        return isLater(line, all[index - 1]) ? [html`<p class="line-attempt" key="attempt ${line.number}">attempt ${line.attempt}</p>`, drawn] : drawn;
      })}
      ${wanted.length === 0 && html`<p class="muted">No line matches.</p>`}
    </div>`;
}

/** Whether a line is the first that is shown of an attempt after the first. @param {Event} line @param {Event} [before] */
export function isLater({ attempt = 0 }, before) {
  return attempt > Math.max(1, before?.attempt ?? 1);
}

/**
 * @param {number} hidden  lines that are not drawn
 * @param {number} next  as many as are drawn of them next
 */
export function moreText(hidden, next) {
  return next >= hidden ? `Show ${count(hidden, "earlier line")}` : `Show ${number(next)} of ${count(hidden, "earlier line")}`;
}

/**
 * @param {number} wanted  lines that fit the filter
 * @param {number} loaded
 * @param {number} left  earlier lines that are not loaded
 */
function countText(wanted, loaded, left) {
  const of = left > 0 ? `the newest ${number(loaded)} of ${count(loaded + left, "line")}` : count(loaded, "line");
  return wanted === loaded ? of : `${number(wanted)} of ${of}`;
}

/** @typedef {{currentTarget: HTMLInputElement}} Changed */

/**
 * @param {Event} line
 * @param {string} least
 * @param {string} text
 */
function isWanted({ data }, least, text) {
  const level = LEVELS.indexOf(lineLevel(data));
  const isLoud = least === "DEBUG" || level < 0 || level >= LEVELS.indexOf(least);
  return isLoud && (!text || String(data.message).toLowerCase().includes(text.toLowerCase()));
}

/** @param {{level?: unknown}} data */
function lineLevel({ level }) {
  return String(level ?? "INFO");
}

/** Lines as they are copied: made once each, since there may be thousands at each drawing. @type {WeakMap<Event, string>} */
const texts = new WeakMap();

/** @param {Event} line */
function lineText(line) {
  const { at, data } = line;
  const text = texts.get(line) ?? `${new Date(at * 1000).toISOString()} ${lineLevel(data)} ${plainText(String(data.message))}`;
  texts.set(line, text);
  return text;
}

/** Drawn once: a line never changes, and there are hundreds at each drawing. @param {{line: Event}} props */
function Line({ line }) {
  return useMemo(() => drawLine(line), [line]);
}

/** @param {Event} line */
function drawLine({ at, data }) {
  const level = lineLevel(data);
  return html`<p class="line level-${level.toLowerCase()}">
    <time title=${fullTime(at)}>${clock(at)}</time>
    <b title=${data.logger ?? ""}>${level}</b>
    <span>${plainText(String(data.message))}</span>
  </p>`;
}
