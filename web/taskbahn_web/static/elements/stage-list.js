/** The stages of an attempt as a tree of rows: each with its bar, how much is done, at which rate, for how long. */

import { orderStages, stageLook } from "../shared/stages.js";
import { makeElement, setAttribute, setText } from "./dom.js";

/** @typedef {import("../client/wire.js").Stage} Stage */

export class StageList {
  list = makeElement("ol", { class: "stages", part: "stages", hidden: true });
  /** @type {Row[]} */
  #rows = [];

  /**
   * @param {import("./words.js").Words} words
   * @param {Stage[]} stages
   * @param {string} state  of the job
   * @param {number | null} end  when the attempt ended, seconds since the epoch; null: it runs
   * @param {number} now
   */
  draw(words, stages, state, end, now) {
    setAttribute(this.list, "aria-label", words.say("Stages"));
    const ordered = orderStages(stages);
    while (this.#rows.length > ordered.length) this.#rows.pop()?.item.remove();
    for (const [index, { stage, depth }] of ordered.entries()) {
      const row = (this.#rows[index] ??= new Row(this.list));
      row.draw(words, stage, depth, state, end, now);
    }
    this.list.hidden = ordered.length === 0;
  }
}

class Row {
  #name = makeElement("span", { class: "stage-name" });
  #bar = makeElement("span", { class: "bar thin", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, makeElement("i"));
  #done = makeElement("span", { class: "stage-number" });
  #rate = makeElement("span", { class: "stage-number" });
  #time = makeElement("span", { class: "stage-number" });
  item = makeElement("li", {}, this.#name, this.#bar, this.#done, this.#rate, this.#time);

  /** @param {HTMLElement} list */
  constructor(list) {
    list.append(this.item);
  }

  /**
   * @param {import("./words.js").Words} words
   * @param {Stage} stage
   * @param {number} depth
   * @param {string} state  of the job
   * @param {number | null} end  of the attempt
   * @param {number} now
   */
  draw(words, stage, depth, state, end, now) {
    const { look, share, done, total, seconds, isMoving } = stageLook(stage, state, end, now);
    this.item.className = `stage depth-${Math.min(depth, 5)} ${look}`;
    setText(this.#name, stage.name);
    setAttribute(this.#name, "title", stage.name);
    setAttribute(this.#bar, "aria-label", stage.name);
    setAttribute(this.#bar, "aria-valuenow", share === null ? undefined : String(Math.round(share * 100)));
    setAttribute(this.#bar, "aria-valuetext", this.#valueText(words, look, done, total));
    this.#bar.classList.toggle("moving", share === null);
    this.#bar.style.setProperty("--share", String(share ?? 0));
    setText(this.#done, total ? `${words.number(done)} / ${words.number(total)}` : done ? words.number(done) : "");
    setText(this.#rate, words.pace(done, seconds));
    setText(this.#time, stage.started_at ? (isMoving ? words.wholeDuration(seconds) : words.duration(seconds)) : "");
  }

  /**
   * @param {import("./words.js").Words} words
   * @param {string} look
   * @param {number} done
   * @param {number} total
   */
  #valueText(words, look, done, total) {
    if (total) return words.say("{done} of {total}", { done: words.number(done), total: words.number(total) });
    return look === "succeeded" ? words.say("done") : look === "ready" ? words.say("not begun") : undefined;
  }
}
