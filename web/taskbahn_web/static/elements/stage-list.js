/** The stages of an attempt as a tree of rows: each with its bar, how much is done, at which rate, for how long. */

import { duration, number, pace, wholeDuration } from "../shared/format.js";
import { inOrder } from "../shared/stages.js";
import { make, put, say } from "./dom.js";

/** @typedef {import("../client/wire.js").Stage} Stage */

export class StageList {
  list = make("ol", { class: "stages", part: "stages", "aria-label": "Stages", hidden: true });
  /** @type {Row[]} */
  #rows = [];

  /**
   * @param {Stage[]} stages
   * @param {string} state  of the job
   * @param {number | null} end  when the job ended, seconds since the epoch
   * @param {number} now
   */
  draw(stages, state, end, now) {
    const ordered = inOrder(stages);
    while (this.#rows.length > ordered.length) this.#rows.pop()?.item.remove();
    for (const [index, { stage, depth }] of ordered.entries()) {
      const row = (this.#rows[index] ??= new Row(this.list));
      row.draw(stage, depth, state, end, now);
    }
    this.list.hidden = ordered.length === 0;
  }
}

class Row {
  #name = make("span", { class: "stage-name" });
  #bar = make("span", { class: "bar thin", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, make("i"));
  #done = make("span", { class: "stage-number" });
  #rate = make("span", { class: "stage-number" });
  #time = make("span", { class: "stage-number" });
  item = make("li", {}, this.#name, this.#bar, this.#done, this.#rate, this.#time);

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
    say(this.#name, name);
    put(this.#name, "title", name);
    put(this.#bar, "aria-label", name);
    put(this.#bar, "aria-valuenow", share === null ? undefined : String(Math.round(share * 100)));
    put(this.#bar, "aria-valuetext", total ? `${number(done)} of ${number(total)}` : isOver ? "done" : undefined);
    this.#bar.classList.toggle("moving", share === null && state === "running");
    this.#bar.style.setProperty("--share", String(share ?? 0));
    say(this.#done, total ? `${number(done)} / ${number(total)}` : done ? number(done) : "");
    say(this.#rate, pace(done, seconds));
    say(this.#time, started_at ? (isOver || end ? duration(seconds) : wholeDuration(seconds)) : "");
  }
}
