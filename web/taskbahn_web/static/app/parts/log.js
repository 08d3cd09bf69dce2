/** Log lines, oldest first; stays at the newest line as long as the reader does. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { clock, count, fullTime } from "../format.js";
import { html } from "../html.js";

const SHOWN = 500; // lines, until more are asked for
const NEAR = 24; // pixels from the end that count as at the end

/** @param {{lines: import("../../client/wire.js").Event[], isLive: boolean}} props */
export function Log({ lines, isLive }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const isAtEnd = useRef(true);
  const [shown, setShown] = useState(SHOWN);
  const hidden = Math.max(0, lines.length - shown);

  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);

  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = /** @type {HTMLDivElement} */ (box.current);
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
  };
  return html`<div class="log" role="log" aria-label="Log" aria-live=${isLive ? "polite" : "off"} tabindex="0" ref=${box} onScroll=${onScroll}>
    ${hidden > 0 && html`<button class="quiet" onClick=${() => setShown(shown * 4)}>Show ${count(hidden, "earlier line")}</button>`}
    ${lines.slice(hidden).map((line) => html`<${Line} key=${line.number} line=${line} />`)}
  </div>`;
}

/** @param {{line: import("../../client/wire.js").Event}} props */
function Line({ line: { at, data } }) {
  const level = String(data.level ?? "INFO");
  return html`<p class="line level-${level.toLowerCase()}">
    <time title=${fullTime(at)}>${clock(at)}</time>
    <b title=${data.logger ?? ""}>${level}</b>
    <span>${data.message}</span>
  </p>`;
}
