/** What happened over the last minutes, hours or days: asked once, then carried on by what the node says of itself. */

import { effect, signal } from "@preact/signals";

import { VIEW_HISTORY } from "../../client/wire.js";
import { sentence } from "../../taskbahn.js";
import { extendHistory } from "./extend-history.js";
import { bahn, onLive, status } from "./live.js";
import { recentStatuses, currentRates } from "../charts/rates.js";

const RELOAD_PAUSE_SECONDS = 60; // seconds between two questions, at least; what was carried on in between is a little coarser

/**
 * @typedef {import("../../client/wire.js").History} History
 * @typedef {import("../../client/wire.js").Status} Status
 */

export class HistoryFeed {
  /** @type {import("@preact/signals").Signal<History | null>} */
  history = signal(null);
  /** Null until the node was heard for a second. @type {import("@preact/signals").Signal<import("../charts/rates.js").Rates | null>} */
  rates = signal(null);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #seconds;
  #askedAt = 0;
  #isAsking = false;
  /** The newest that is in the history. @type {Status | null} */
  #taken = null;
  /** The last seconds. @type {Status[]} */
  #heard = [];

  /** @param {number} seconds  how far back */
  constructor(seconds) {
    this.#seconds = seconds;
  }

  /** Ask, and follow from now on. @returns {() => void}  stops it */
  open() {
    const stops = [onLive(() => void this.#ask()), effect(() => this.#take(status.value))];
    return () => stops.forEach((stop) => stop());
  }

  async #ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAt = Date.now() / 1000;
    try {
      this.history.value = await bahn.ask(VIEW_HISTORY, [], { seconds: this.#seconds });
      this.#taken = status.peek();
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.#isAsking = false;
  }

  /** @param {Status | null} newest */
  #take(newest) {
    if (!newest) return;
    this.#heard = recentStatuses(this.#heard, newest);
    this.rates.value = currentRates(this.#heard);
    const [history, before] = [this.history.peek(), this.#taken];
    if (!history) return;
    if (!before) return void (this.#taken = newest);
    if (newest.now - before.now < 1 && newest.started_at === before.started_at) return;
    const longer = extendHistory(history, before, newest);
    const isNewBucket = longer?.start !== history.start;
    if (longer) this.history.value = longer;
    this.#taken = newest;
    if (!longer || (isNewBucket && Date.now() / 1000 - this.#askedAt >= RELOAD_PAUSE_SECONDS)) void this.#ask();
  }
}
