/**
 * `<job-log job="…">`: what a job logs, as it does. It stays at the newest line until the reader scrolls up. `level` hides lines
 * below a level. Lines are in blocks, which the browser lays out only while they are seen, so that ten thousand stay smooth.
 */

import { AtEnd } from "../shared/at-end.js";
import { clock, fullTime } from "../shared/format.js";
import { makeElement, setAttribute, setText } from "./dom.js";
import { JobElement } from "./job-element.js";
import { css } from "./job-log-css.js";

/**
 * @typedef {import("../client/wire.js").Event} Event
 * @typedef {"debug" | "info" | "warning" | "error" | "critical"} Level
 */

const BLOCK_LINES = 50; // lines
const MAX_FRAME_LINES = 300; // lines that one frame takes
const LEVELS = ["debug", "info", "warning", "error", "critical"];

export class JobLog extends JobElement {
  static observedAttributes = [...JobElement.observedAttributes, "level"];
  static properties = [...JobElement.properties, "level"];
  static css = css;

  #note = makeElement("p", { class: "note", hidden: true });
  #lines = makeElement("div", { class: "lines" });
  #empty = makeElement("p", { class: "note" });
  #log = makeElement("div", { class: "log", part: "log", role: "log", tabindex: "0" }, this.#note, this.#lines, this.#empty);
  #newest = makeElement("button", { type: "button", part: "newest", hidden: true });
  /** How many lines were drawn, with those that were given up. */
  #drawn = 0;
  /** Lines that were drawn since the reader left the end. */
  #unseen = 0;
  #end = new AtEnd(this.#log, () => {
    this.#unseen = 0;
    this.drawSoon();
  });

  constructor() {
    super();
    this.shadowRoot?.append(makeElement("div", { class: "box", part: "box" }, this.#log, this.#newest));
    new ResizeObserver(() => this.drawSoon()).observe(this.#log);
    this.#log.addEventListener("pointerover", ({ target }) => {
      if (target instanceof HTMLTimeElement) target.title = fullTime(Number(target.dataset.at));
    });
    this.#newest.addEventListener("click", () => {
      this.#log.focus({ preventScroll: true });
      this.#end.go();
    });
  }

  /** The least level that is shown; all if empty. @returns {Level | ""} */
  get level() {
    return /** @type {Level | ""} */ (this.getAttribute("level") ?? "");
  }

  set level(level) {
    this.setAttribute("level", level);
  }

  /** Whether it shows the newest line whenever there is one: until the reader scrolls up, and from the end again. */
  get isFollowing() {
    return this.#end.isOn;
  }

  /**
   * @override
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (name !== "level") super.attributeChangedCallback(name, before, after);
    else this.drawSoon();
  }

  /** @override @protected */
  shut() {
    super.shut();
    this.#lines.replaceChildren();
    this.#drawn = this.#unseen = 0;
    this.#end.go();
  }

  /** @override @protected */
  draw() {
    const { feed, words } = this;
    const known = feed ? feed.dropped + feed.lines.length : 0;
    const isFirst = this.#drawn === 0;
    this.#end.look();
    if (feed) this.#append(feed.lines, feed.dropped);
    const least = LEVELS.indexOf(this.level.toLowerCase());
    setAttribute(this.#log, "aria-label", words.say("Log"));
    setAttribute(this.#lines, "class", `lines from-${Math.max(0, least)}`);
    // A screen reader does not read out the lines that were there before.
    setAttribute(this.#log, "aria-live", isFirst || this.#drawn < known ? "off" : "polite");
    this.#note.hidden = !feed?.dropped;
    setText(this.#note, feed?.dropped ? words.count(feed.dropped, "1 earlier line not kept", "{count} earlier lines not kept") : "");
    this.#empty.hidden = known > 0;
    setText(this.#empty, this.#emptyText());
    this.#newest.hidden = this.isFollowing;
    setText(this.#newest, `${this.#unseen ? words.count(this.#unseen, "1 new line", "{count} new lines") : words.say("Newest")} ↓`);
    this.#end.keep();
    if (this.#drawn < known) this.drawSoon();
  }

  #emptyText() {
    const { words } = this;
    if (this.feed?.problem) return this.problemText(this.feed.problem);
    if (!this.job) return words.say("No job yet.");
    return this.view ? words.say("Nothing is logged yet.") : words.say("Loading…");
  }

  /**
   * @param {Event[]} lines
   * @param {number} dropped  lines that came before these
   */
  #append(lines, dropped) {
    const begin = Math.max(this.#drawn, dropped);
    const end = Math.min(dropped + lines.length, begin + MAX_FRAME_LINES);
    for (let index = begin; index < end; index++) {
      if (index % BLOCK_LINES === 0 || !this.#lines.lastElementChild) this.#newBlock(index - (index % BLOCK_LINES) + BLOCK_LINES);
      this.#lines.lastElementChild?.append(makeRow(lines[index - dropped]));
    }
    if (!this.isFollowing) this.#unseen += end - this.#drawn;
    this.#drawn = end;
    for (let first = this.#lines.firstElementChild; first && Number(/** @type {HTMLElement} */ (first).dataset.end) <= dropped; ) {
      first.remove();
      first = this.#lines.firstElementChild;
    }
  }

  /** @param {number} end  of its lines, counted from the first that there was */
  #newBlock(end) {
    this.#lines.lastElementChild?.classList.add("full"); // only these are not laid out: the size of others is not known
    this.#lines.append(makeElement("div", { class: "block", "data-end": String(end) }));
  }
}

/** @param {Event} line */
function makeRow({ at, data }) {
  const level = String(data?.level ?? "INFO");
  const rank = LEVELS.indexOf(level.toLowerCase());
  return makeElement(
    "p",
    { class: `line rank-${rank < 0 ? 1 : rank}` },
    makeElement("time", { "data-at": String(at) }, clock(at)),
    makeElement("b", { title: data?.logger || undefined }, level.toLowerCase()),
    makeElement("span", {}, String(data?.message ?? "")),
  );
}
