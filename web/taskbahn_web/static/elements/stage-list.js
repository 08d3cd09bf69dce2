/** The stages of an attempt as a tree of rows: each with its bar, how much is done, at which rate, for how long. */

import { duration, number, pace, wholeDuration } from "../shared/format.js";
import { orderStages } from "../shared/stages.js";
import { makeElement, setAttribute, setText } from "./dom.js";

/** @typedef {import("../client/wire.js").Stage} Stage */

export class StageList {
  list = makeElement("ol", { class: "stages", part: "stages", "aria-label": "Stages", hidden: true });
  /** @type {Row[]} */
  #rows = [];

  /**
   * @param {Stage[]} stages
   * @param {string} state  of the job
   * @param {number | null} end  when the job ended, seconds since the epoch
   * @param {number} now
   */
  draw(stages, state, end, now) {
    const ordered = orderStages(stages);
    while (this.#rows.length > ordered.length) this.#rows.pop()?.item.remove();
    for (const [index, { stage, depth }] of ordered.entries()) {
      const row = (this.#rows[index] ??= new Row(this.list));
      row.draw(stage, depth, state, end, now);
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
   * @param {Stage} stage
   * @param {number} depth
   * @param {string} state  of the job
   * @param {number | null} end
   * @param {number} now
   */
  draw({ name, total: all, done: past, started_at = 0, ended_at }, depth, state, end, now) {
    const [total, done] = [Number(all ?? 0), Number(past ?? 0)]; // one beyond 2⁵³ comes as a BigInt
    const isOver = Boolean(ended_at);
    const share = total ? Math.min(1, done / total) : isOver ? 1 : null;
    const seconds = Math.max(0, (ended_at ?? end ?? now) - started_at);
    this.item.className = `stage depth-${Math.min(depth, 5)} ${isOver ? "over" : ""}`;
    setText(this.#name, name);
    setAttribute(this.#name, "title", name);
    setAttribute(this.#bar, "aria-label", name);
    setAttribute(this.#bar, "aria-valuenow", share === null ? undefined : String(Math.round(share * 100)));
    setAttribute(this.#bar, "aria-valuetext", total ? `${number(done)} of ${number(total)}` : isOver ? "done" : undefined);
    this.#bar.classList.toggle("moving", share === null && state === "running");
    this.#bar.style.setProperty("--share", String(share ?? 0));
    setText(this.#done, total ? `${number(done)} / ${number(total)}` : done ? number(done) : "");
    setText(this.#rate, pace(done, seconds));
    setText(this.#time, started_at ? (isOver || end ? duration(seconds) : wholeDuration(seconds)) : "");
  }
}
