/**
 * A live window on all jobs that match a query: loads the rows in sight, and keeps them up to date by the stream of changes.
 *
 * A message of the stream may lack changes: then the window loads the rows in sight again, at a bounded pace, and the rest when it
 * comes into sight. An answer may be older than changes that came before it: the window takes these again, over the answer.
 */

import { signal } from "@preact/signals";

import { sentence } from "../../taskbahn.js";
import { drawInFrame } from "../core/frame.js";
import { askJobs, askUntilFound } from "./ask-jobs.js";
import { JobPages, PAGE_JOBS } from "./job-pages.js";
import { matches } from "./query.js";

const PRELOAD_ROWS = 60; // rows before the end at which more are asked for
const MAX_LOADED_JOBS = 20_000; // jobs in memory
const MAX_ROWS = 500_000; // rows that a page can be scrolled through
const REFRESH_PAUSE_SECONDS = 1; // seconds between two questions for the same rows
const MAX_ANSWER_JOBS = 500; // jobs that one answer can hold
const MAX_KEPT_JOBS = 1000; // jobs in memory while the list is closed
const SLIDE_MILLISECONDS = 1000; // after which a span that ends now has moved on

/**
 * @typedef {import("./job-pages.js").Change} Change
 * @typedef {import("./job-pages.js").Page} Page
 *
 * @typedef {object} Source  what `live.js` offers
 * @property {import("./ask-jobs.js").Asked} bahn
 * @property {(listener: (changes: Change[], isCut: boolean) => void) => () => void} onChanges
 * @property {(action: () => void) => () => void} onLive
 */

export class JobWindow {
  pages = new JobPages();
  /** Rises with each drawing. */
  version = signal(0);
  /** Whether older jobs are being looked for. */
  isLoading = signal(true);
  /** Whether there was an answer. */
  isKnown = signal(false);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");
  /** New jobs that are held back. */
  held = signal(0);
  /** Whether the reader has paused the list. */
  isPaused = signal(false);

  #want;
  #source;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #sliding;
  #draw;
  #first = 0; // the rows that are looked at
  #last = 30;
  #isTop = true;
  #isSliding;
  #isOpen = false;
  #isAsking = false;
  #isWished = false;
  #isMissed = false; // changes came while the tab was hidden
  /** Changes that came since the question that is not answered yet. @type {Change[]} */
  #meanwhile = [];
  #isCut = false; // since then, also others may have changed
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Set<string>} */
  #fresh = new Set();

  /**
   * @param {import("./query.js").Wanted | (() => import("./query.js").Wanted)} wanted  a function if it moves with the time, as `since:5m`
   * @param {Source} source
   * @param {(callback: () => void) => unknown} [frame]
   */
  constructor(wanted, source, frame) {
    this.#want = typeof wanted === "function" ? wanted : () => wanted;
    this.#isSliding = typeof wanted === "function";
    this.#source = source;
    this.#draw = drawInFrame(() => [(this.held.value = this.#fresh.size), (this.version.value += 1)], frame);
  }

  /** What is asked for now. */
  get wanted() {
    return this.#want();
  }

  /** Load, and follow from now on. @returns {() => void}  stops it; what is loaded stays, for when it is opened again */
  open() {
    this.#isOpen = true;
    if (this.#isSliding) this.#sliding = setInterval(() => this.#slide(), SLIDE_MILLISECONDS);
    const shown = () => this.#isMissed && !document.hidden && this.#catchUp();
    globalThis.document?.addEventListener("visibilitychange", shown);
    const stops = [this.#source.onChanges((changes, isCut) => this.#take(changes, isCut)), this.#source.onLive(() => this.#catchUp())];
    return () => {
      this.#isOpen = false;
      clearTimeout(this.#timer);
      clearInterval(this.#sliding);
      this.pages.forget(MAX_KEPT_JOBS, this.#first);
      globalThis.document?.removeEventListener("visibilitychange", shown);
      stops.forEach((stop) => stop());
    };
  }

  /**
   * Say which rows are looked at.
   * @param {number} first
   * @param {number} last  one after
   * @param {boolean} isTop  whether the newest row is in sight; else the list is held still
   */
  see(first, last, isTop) {
    const wasHeld = this.#isHeld;
    [this.#first, this.#last, this.#isTop] = [first, last, isTop];
    if (wasHeld && !this.#isHeld) this.#release();
    void this.#pump();
  }

  /** Pause the list, or go on with the newest jobs. @param {boolean} isPaused */
  pause(isPaused) {
    this.isPaused.value = isPaused;
    if (!this.#isHeld) this.#release();
  }

  /** Take the rows away that do not match any more, and look again for what is where the reader is. */
  refresh() {
    this.pages.sweep();
    this.#draw();
    this.#catchUp();
  }

  get #isHeld() {
    return this.isPaused.value || !this.#isTop;
  }

  #release() {
    this.#fresh.clear();
    this.#catchUp();
  }

  /** After a pause of the stream anything may have changed. */
  #catchUp() {
    this.#isMissed = false;
    this.pages.age(true);
    void this.#pump();
  }

  /** @param {Change[]} changes @param {boolean} isCut  whether others may have changed too */
  #take(changes, isCut) {
    if (!changes.length) return;
    if (globalThis.document?.hidden) return void (this.#isMissed = true);
    if (this.#isAsking) this.#meanwhile.push(...changes);
    this.#isCut ||= isCut;
    if (!this.isKnown.value) return;
    this.#apply(changes, isCut);
    if (!this.#isHeld) this.pages.trim(MAX_LOADED_JOBS);
    this.#draw();
    void this.#pump();
  }

  /** @param {Change[]} changes @param {boolean} isCut */
  #apply(changes, isCut) {
    const { wanted } = this;
    const isWanted = (/** @type {import("./job-pages.js").JobView} */ job) => matches(job, wanted);
    for (const change of changes) {
      const found = this.pages.take(change, isWanted, this.#isHeld);
      if (found === "fresh" && this.#fresh.size < MAX_LOADED_JOBS) this.#fresh.add(change.id);
      if (found === "") this.#fresh.delete(change.id);
    }
    if (isCut) this.pages.age();
  }

  /** The span of a query such as `since:5m` moves on: jobs leave it at its end, and come into it where it ends before now. */
  #slide() {
    if (!this.isKnown.value || globalThis.document?.hidden) return;
    const { since, until } = this.wanted;
    if (since !== undefined && this.pages.leave(since, this.#isHeld)) this.#draw();
    if (until !== undefined && this.pages.pages.length) this.pages.pages[0].isOld = true;
    void this.#pump();
  }

  /** Ask for what is needed, one question at a time. */
  async #pump() {
    this.#isWished = true;
    if (this.#isAsking || !this.#isOpen) return;
    this.#isAsking = true;
    try {
      while (this.#isOpen && this.#isWished) {
        this.#isWished = false; // others may wish while this waits
        [this.#meanwhile, this.#isCut] = [[], false];
        this.#isWished = (await this.#step()) || this.#isWished;
      }
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.#isAsking = false;
    this.isLoading.value = false;
  }

  /** Do what is most urgent. @returns {Promise<boolean>}  whether there may be more to do */
  async #step() {
    const { pages } = this;
    if (!this.isKnown.value) {
      this.isLoading.value = true;
      const answer = await this.#ask(null, PAGE_JOBS);
      this.isKnown.value = true;
      this.#put(() => pages.reset(answer));
    } else {
      const due = pages.due(this.#first, this.#last, REFRESH_PAUSE_SECONDS);
      clearTimeout(this.#timer);
      if (due && due.wait > 0) this.#timer = setTimeout(() => void this.#pump(), due.wait * 1000);
      if (due && due.wait <= 0) await this.#refresh(due.page);
      else if (pages.next !== null && this.#last + PRELOAD_ROWS > pages.count && pages.count < MAX_ROWS) await this.#more();
      else return false;
    }
    this.#draw();
    return true;
  }

  /** Take an answer, and over it what came while it was on its way. @param {() => void} take */
  #put(take) {
    take();
    this.#apply(this.#meanwhile, this.#isCut);
    this.pages.forget(MAX_LOADED_JOBS, this.#first);
  }

  /** @param {Page} page */
  async #refresh(page) {
    const isKnown = page.entries !== null;
    const limit = isKnown ? PAGE_JOBS : Math.min(MAX_ANSWER_JOBS, Math.max(PAGE_JOBS, page.count));
    Object.assign(page, { isOld: false, askedAt: Date.now() / 1000 }); // what happens from now on makes it old again
    try {
      const answer = await askUntilFound((before) => this.#ask(before, limit), page.before, () => this.#isOpen);
      this.#put(() => this.pages.pages.includes(page) && this.pages.put(page, answer, this.#isHeld && isKnown));
    } catch (error) {
      page.isOld = true;
      throw error;
    }
  }

  async #more() {
    this.isLoading.value = true;
    const before = this.pages.next;
    const answer = await this.#ask(before, PAGE_JOBS);
    this.#put(() => this.pages.next === before && this.pages.append(answer));
  }

  /** @param {number | null} before @param {number} limit */
  #ask = (before, limit) => askJobs(this.#source.bahn, this.wanted, before, limit);
}
