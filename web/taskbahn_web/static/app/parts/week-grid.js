/** The week to come: a column for each day with its hours, and above it those schedules that are due often, as bands. */

import { useEffect, useRef, useState } from "preact/hooks";

import { count, number } from "../../shared/format.js";
import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";
import { hourOf } from "../data/week-times.js";
import { clockIn, dayIn, ownZone } from "../text/local-times.js";
import { bandParts, daysOf } from "../text/week.js";
import { Problem } from "./note.js";

/**
 * @typedef {import("../text/week.js").Week} Week
 * @typedef {import("../text/week.js").Hour} Hour
 * @typedef {import("../../client/schedule-views.js").DueSlot} DueSlot
 */

const BANDS = 8; // before the reader wants all
const STRIP_UNITS = 700;

/** @param {{week: Week}} props */
export function WeekGrid({ week }) {
  const [opened, open] = useState(/** @type {number | null} */ (null));
  return html`<${Bands} week=${week} />
    <div class="week">
      <ol class="week-hours" aria-hidden="true">${Array.from({ length: 24 }, (_, hour) => html`<li key=${hour} style=${{ gridRow: hour + 2 }}>${String(hour).padStart(2, "0")}:00</li>`)}</ol>
      ${daysOf(week).map(({ at, hours, count: due }, number) => html`<section key=${at} aria-label=${dayIn(at, ownZone())}>
        <h2 style=${{ gridColumn: number + 2 }}>${dayIn(at, ownZone())}</h2>
        <ol>${hours.map((hour) => html`<${HourCell} key=${hour.at} hour=${hour} column=${number + 2} open=${open} isOpen=${opened === hour.at} />`)}</ol>
        ${!due && html`<p class="week-free">Nothing is due.</p>`}
      </section>`)}
    </div>
    ${opened !== null && html`<${OneHour} key=${opened} at=${opened} onClose=${() => open(null)} />`}`;
}

/** @param {{hour: Hour, column: number, open: (at: number) => void, isOpen: boolean}} props */
function HourCell({ hour: { at, hour, slot }, column, open, isOpen }) {
  const more = slot.count - slot.first.length;
  return html`<li class="hour" style=${{ gridRow: hour + 2, gridColumn: column }}>
    ${slot.first.map((due) => html`<${Due} key="${due.id} ${due.at}" due=${due} />`)}
    ${more > 0 && html`<button class="quiet" aria-expanded=${isOpen} onClick=${() => open(at)}><span class="unseen">At ${clockIn(at, ownZone())} </span>${number(more)} more</button>`}
  </li>`;
}

/** @param {{due: {id: string, at: number}}} props */
function Due({ due: { id, at } }) {
  const time = clockIn(at, ownZone());
  return html`<a class="cut" href=${link("schedules", id)} title="${time} ${id}"><time>${time}</time> ${id}</a>`;
}

/** All that is due in an hour. @param {{at: number, onClose: () => void}} props */
function OneHour({ at, onClose }) {
  const [slot, setSlot] = useState(/** @type {DueSlot | null} */ (null));
  const [problem, setProblem] = useState("");
  const head = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    let isGone = false;
    hourOf(at).then((found) => isGone || setSlot(found), (error) => isGone || setProblem(sentence(error)));
    head.current?.focus();
    return () => void (isGone = true);
  }, [at]);
  const title = `${dayIn(at, ownZone())}, ${clockIn(at, ownZone())} to ${clockIn(at + 3600, ownZone())}`;
  return html`<section class="panel week-hour" aria-label=${title}>
    <div class="short-head"><h2 tabindex="-1" ref=${head}>${title}</h2><button class="quiet" onClick=${onClose}>Close</button></div>
    ${problem && html`<${Problem}>${problem}<//>`}
    ${slot && html`<ol>${slot.first.map((due) => html`<li key="${due.id} ${due.at}"><${Due} due=${due} /></li>`)}</ol>`}
    ${slot && slot.count > slot.first.length && html`<p class="muted">The first ${number(slot.first.length)} of ${count(slot.count, "due time")}.</p>`}
  </section>`;
}

/** Schedules that are due often: when in the week they are. @param {{week: Week}} props */
function Bands({ week }) {
  const [areAllShown, showAll] = useState(false);
  const { bands } = week;
  if (!bands.length) return null;
  const shown = areAllShown ? bands : bands.slice(0, BANDS);
  return html`<section class="panel bands" aria-label="Due often">
    <h2>Due often</h2>
    <ul>${shown.map((band) => html`<li key=${band.id}>
      <a class="cut" href=${link("schedules", band.id)} title=${band.id}>${band.id}</a>
      <span class="band-words">${band.words}${band.is_cut && ", and perhaps more"}</span>
      <${Strip} parts=${bandParts(week, band)} />
    </li>`)}</ul>
    ${shown.length < bands.length && html`<p class="more-pauses"><button class="quiet" onClick=${() => showAll(true)}>Show all ${number(bands.length)}</button></p>`}
  </section>`;
}

/** Seven days, and what of them a band takes; its words say the same. @param {{parts: [number, number][]}} props */
function Strip({ parts }) {
  return html`<svg class="strip" viewBox="0 0 ${STRIP_UNITS} 14" preserveAspectRatio="none" aria-hidden="true">
    <rect class="strip-room" width=${STRIP_UNITS} height="14" />
    ${parts.map(([from, to]) => html`<rect key=${from} class="strip-due" x=${from * STRIP_UNITS} width=${Math.max(1, (to - from) * STRIP_UNITS)} height="14" />`)}
    ${[1, 2, 3, 4, 5, 6].map((day) => html`<path key=${day} d="M${day * 100} 0v14" />`)}
  </svg>`;
}
