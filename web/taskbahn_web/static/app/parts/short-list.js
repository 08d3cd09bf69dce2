/** A few jobs, one a line, beside other things: what, why or how far, and when. */

import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { link } from "../core/route.js";

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} task
 * @property {string} state  the colour of its dot
 * @property {string} [text]
 * @property {string} time
 * @property {string} timeTitle
 */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.where  a hash: all of them
 * @param {string} props.empty  said when there is none
 * @param {Entry[] | null} props.entries  null: not known yet
 */
export function ShortList({ title, where, empty, entries }) {
  return html`<section class="panel short" aria-label=${title}>
    <div class="short-head"><h2>${title}</h2><a href=${where} aria-label="Show all: ${title}">Show all</a></div>
    ${entries && entries.length === 0 && html`<p class="muted">${empty}</p>`}
    ${entries && entries.length > 0 && html`<ul>${entries.map((entry) => html`<${Line} key=${entry.id} entry=${entry} />`)}</ul>`}
  </section>`;
}

/** @param {{entry: Entry}} props */
function Line({ entry: { id, task, state, text, time, timeTitle } }) {
  return html`<li>
    <i class="dot state-${state}" aria-hidden="true"></i>
    <a class="cut cut-left" href=${link("jobs", id)} title=${`${task} ${id}`}><bdi>${task}</bdi></a>
    <time title=${timeTitle}>${time}</time>
    ${text && html`<span class="short-text cut" title=${plainText(text)}>${plainText(text)}</span>`}
  </li>`;
}
