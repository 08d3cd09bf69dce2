/**
 * `<job-log job="…">`: what a job logs, as it does. It stays at the newest line until the reader scrolls up. `level` hides lines
 * below a level. Lines stand in blocks which the browser lays out only while they are seen, so that ten thousand stay smooth.
 */

import { clock, count, fullTime } from "../shared/format.js";
import { sentence } from "../client/errors.js";
import { make, put, say } from "./dom.js";
import { JobElement } from "./job-element.js";
import { css } from "./job-log-css.js";

/** @typedef {import("../client/wire.js").Event} Event */

const BLOCK = 50; // lines
const SLICE = 300; // lines that one frame takes
const NEAR = 24; // pixels from the end that count as at the end
const TOUCH = 1; // seconds in which a scroll follows from what the reader did
const TOUCHES = ["wheel", "touchmove", "pointerdown", "keydown"];
const LEVELS = ["debug", "info", "warning", "error", "critical"];

export class JobLog extends JobElement {
  static observedAttributes = ["url", "job", "level"];
  static properties = ["bahn", "url", "job", "level"];
  static css = css;

  #note = make("p", { class: "note", hidden: true });
  #lines = make("div", { class: "lines" });
  #empty = make("p", { class: "note" });
  #log = make("div", { class: "log", part: "log", role: "log", tabindex: "0", "aria-label": "Log" }, this.#note, this.#lines, this.#empty);
  #newest = make("button", { type: "button", part: "newest", hidden: true });
  /** How many lines were drawn, with those that were given up. */
  #drawn = 0;
  /** Lines that were drawn since the reader left the end. */
  #unseen = 0;
  #isFollowing = true;
  #lastTop = 0;
  #lastHeight = 0;
  #touchedAt = 0; // seconds

  constructor() {
    super();
    this.shadowRoot?.append(make("div", { class: "box", part: "box" }, this.#log, this.#newest));
    this.#log.addEventListener("scroll", () => this.#scrolled());
    for (const touch of TOUCHES) this.#log.addEventListener(touch, () => (this.#touchedAt = performance.now() / 1000), { passive: true });
    new ResizeObserver(() => this.drawSoon()).observe(this.#log);
    this.#log.addEventListener("pointerover", ({ target }) => {
      if (target instanceof HTMLTimeElement) target.title = fullTime(Number(target.dataset.at));
    });
    this.#newest.addEventListener("click", () => {
      this.#log.focus({ preventScroll: true });
      this.#toEnd();
    });
  }

  /** The least level that is shown: debug, info, warning, error or critical; all if empty. */
  get level() {
    return this.getAttribute("level") ?? "";
  }

  set level(level) {
    this.setAttribute("level", level);
  }

  /** Whether it shows the newest line whenever there is one: until the reader scrolls up, and from the end again. */
  get isFollowing() {
    return this.#isFollowing;
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
    this.#isFollowing = true;
  }

  /** @override @protected */
  draw() {
    const { feed } = this;
    const known = feed ? feed.dropped + feed.lines.length : 0;
    const isFirst = this.#drawn === 0;
    if (feed) this.#append(feed.lines, feed.dropped);
    const least = LEVELS.indexOf(this.level.toLowerCase());
    put(this.#lines, "class", `lines from-${Math.max(0, least)}`);
    // what was there before somebody looked is not read out
    put(this.#log, "aria-live", isFirst || this.#drawn < known ? "off" : "polite");
    this.#note.hidden = !feed?.dropped;
    say(this.#note, feed?.dropped ? `${count(feed.dropped, "earlier line")} not kept` : "");
    this.#empty.hidden = known > 0;
    say(this.#empty, this.#emptyText());
    this.#newest.hidden = this.#isFollowing;
    say(this.#newest, this.#unseen ? `${count(this.#unseen, "new line")} ↓` : "Newest ↓");
    this.#scrolled(); // the reader may have left the end since the last event, which comes with the next frame only
    if (this.#isFollowing) this.#toEnd();
    if (this.#drawn < known) this.drawSoon();
  }

  #emptyText() {
    if (this.feed?.problem) return sentence(this.feed.problem);
    if (!this.job) return "No job yet.";
    return this.view ? "Nothing is logged yet." : "Loading…";
  }

  /**
   * @param {Event[]} lines
   * @param {number} dropped  lines that came before these
   */
  #append(lines, dropped) {
    const begin = Math.max(this.#drawn, dropped);
    const end = Math.min(dropped + lines.length, begin + SLICE);
    for (let index = begin; index < end; index++) {
      if (index % BLOCK === 0 || !this.#lines.lastElementChild) this.#newBlock(index - (index % BLOCK) + BLOCK);
      this.#lines.lastElementChild?.append(row(lines[index - dropped]));
    }
    if (!this.#isFollowing) this.#unseen += end - this.#drawn;
    this.#drawn = end;
    for (let first = this.#lines.firstElementChild; first && Number(/** @type {HTMLElement} */ (first).dataset.end) <= dropped; ) {
      first.remove();
      first = this.#lines.firstElementChild;
    }
  }

  /** @param {number} end  of its lines, counted from the first that there was */
  #newBlock(end) {
    this.#lines.lastElementChild?.classList.add("full"); // only these are not laid out: the size of others is not known
    this.#lines.append(make("div", { class: "block", "data-end": String(end) }));
  }

  /**
   * Blocks that come into view turn out higher or lower than they were taken for, which moves the end but is not the reader's doing.
   * A key or a wheel scrolls smoothly: it begins with a few pixels, and is stopped by whoever scrolls to the end again.
   */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const isUp = scrollTop < this.#lastTop - 1;
    const isTouched = performance.now() / 1000 - this.#touchedAt < TOUCH;
    const isAsHigh = scrollHeight === this.#lastHeight;
    this.#lastTop = scrollTop;
    this.#lastHeight = scrollHeight;
    const leaves = isUp && (isAtEnd ? isTouched && isAsHigh : isTouched || isAsHigh);
    const returns = isAtEnd && !(isUp && isTouched);
    if (this.#isFollowing ? !leaves : !returns) return;
    this.#isFollowing = returns;
    this.#unseen = 0;
    this.drawSoon();
  }

  /** Twice: what comes into view may turn out higher than it was taken for. */
  #toEnd() {
    const jump = () => {
      this.#log.scrollTop = this.#log.scrollHeight;
      this.#lastTop = this.#log.scrollTop;
      this.#lastHeight = this.#log.scrollHeight;
    };
    if (!this.#isFollowing) this.drawSoon();
    this.#isFollowing = true;
    this.#unseen = 0;
    jump();
    requestAnimationFrame(() => {
      this.#scrolled();
      if (this.#isFollowing) jump();
    });
  }
}

/** @param {Event} line */
function row({ at, data }) {
  const level = String(data?.level ?? "INFO");
  const rank = LEVELS.indexOf(level.toLowerCase());
  return make(
    "p",
    { class: `line rank-${rank < 0 ? 1 : rank}` },
    make("time", { "data-at": String(at) }, clock(at)),
    make("b", { title: data?.logger || undefined }, level.toLowerCase()),
    make("span", {}, String(data?.message ?? "")),
  );
}
