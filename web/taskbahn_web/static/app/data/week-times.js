/** The due times of the week to come, asked for in portions, and again from time to time while the page is seen. */

import { signal } from "@preact/signals";

import { VIEW_DUE_TIMES } from "../../client/schedules.js";
import { sentence } from "../../taskbahn.js";
import { emptyWeek, HOUR_SECONDS, weekFrom, withPortion } from "../text/week.js";
import { bahn, now, onChanges, onLive } from "./live.js";

/** @typedef {import("../text/week.js").Week} Week */

const RELOAD_SECONDS = 60; // seconds between two looks
const NAMED = 2; // due times that an hour names
const MOST = 100; // that one hour names when it is opened

export class WeekTimes {
  /** Null until the first portion is there. @type {import("@preact/signals").Signal<Week | null>} */
  week = signal(null);
  /** A sentence. @type {import("@preact/signals").Signal<string>} */
  problem = signal("");

  #askedAt = 0; // seconds
  #isAsking = false;

  /** Ask, and ask again in time. @returns {() => void}  stops it */
  open() {
    const ask = () => void this.#load();
    const stops = [onLive(ask), onChanges(() => !document.hidden && Date.now() / 1000 - this.#askedAt > RELOAD_SECONDS && ask())];
    return () => stops.forEach((stop) => stop());
  }

  async #load() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAt = Date.now() / 1000;
    const { since, until } = weekFrom(now.peek());
    let week = emptyWeek(since, until);
    try {
      for await (const portion of portions(since, until, NAMED)) {
        week = withPortion(week, portion, NAMED);
        if (week.isWhole || !this.week.peek()?.isWhole) this.week.value = week;
      }
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
    this.#isAsking = false;
  }
}

/** The due times of one hour. @param {number} at  when it begins @returns {Promise<import("../../client/schedule-views.js").DueSlot>} */
export async function hourOf(at) {
  let week = emptyWeek(at, at + HOUR_SECONDS);
  for await (const portion of portions(at, at + HOUR_SECONDS, MOST)) week = withPortion(week, portion, MOST);
  return week.slots.get(at) ?? { at, count: 0, first: [] };
}

/** @param {number} since @param {number} until @param {number} most */
async function* portions(since, until, most) {
  for (let after = ""; after !== null; ) {
    /** @type {import("../../client/schedule-views.js").DueTimes} */
    const portion = await bahn.ask(VIEW_DUE_TIMES, [since, until], { slot: HOUR_SECONDS, after, most });
    yield portion;
    after = /** @type {any} */ (portion.next ?? null);
  }
}
