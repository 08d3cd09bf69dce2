/** What the elements that show one job have: which one, its feed, and the events that tell the page how it went. */

import { failureOf } from "../client/outcome.js";
import { nodeTime } from "./clock.js";
import { TaskbahnElement } from "./element.js";
import { readJob } from "./feed.js";
import { problemSentence } from "./problem-words.js";

/** @typedef {import("../client/wire.js").JobView} JobView */

export class JobElement extends TaskbahnElement {
  static observedAttributes = [...TaskbahnElement.observedAttributes, "job"];
  static properties = [...TaskbahnElement.properties, "job"];

  /** What is known of the job. @protected @type {import("./feed.js").Feed | null} */
  feed = null;
  #leave = () => {};

  /** The job's id. @returns {string} */
  get job() {
    return this.getAttribute("job") ?? "";
  }

  /** Also takes a `Job`. */
  set job(/** @type {string | {id: string} | null} */ job) {
    const id = typeof job === "object" ? job?.id : job;
    if (id) this.setAttribute("job", id);
    else this.removeAttribute("job");
  }

  /** The job as it is now, as far as it is known. @returns {JobView | null} */
  get view() {
    return this.feed?.job ?? null;
  }

  /**
   * @override
   * @protected
   * @param {import("../taskbahn.js").Bahn} bahn
   */
  open(bahn) {
    if (!this.job) return;
    ({ feed: this.feed, leave: this.#leave } = readJob(bahn, this.job, {
      onChange: () => this.drawSoon(),
      onProgress: (progress) => this.progressed(progress),
      onEnd: (job) => this.#ended(job),
      onProblem: (error) => this.fire("failed", { job: null, error }),
    }));
  }

  /** @override @protected */
  get hasProblem() {
    return Boolean(this.feed?.problem);
  }

  /** The node's time; of a job that is not heard of now, when it was last heard of. @protected @returns {number} seconds since the epoch */
  get time() {
    return this.bahn ? nodeTime(this.bahn, this.feed?.silentSince) : Date.now() / 1000;
  }

  /** Whether its times move. @protected */
  get isHeard() {
    return Boolean(this.view) && !this.feed?.problem && this.feed?.silentSince === null;
  }

  /** @protected @param {unknown} error */
  problemText(error) {
    return problemSentence(this.words, error, { wasShown: Boolean(this.view), hasLogin: Boolean(this.bahn?.who) });
  }

  /** @override @protected */
  shut() {
    this.#leave();
    this.#leave = () => {};
    this.feed = null;
  }

  /**
   * @protected
   * @param {import("../client/wire.js").Progress} _progress
   */
  progressed(_progress) {}

  /** @param {JobView} job */
  #ended(job) {
    if (job.state === "succeeded") this.fire("done", { job, result: job.result });
    else if (job.state === "cancelled") this.fire("cancelled", { job, reason: job.error?.message ?? "" });
    else this.fire("failed", { job, error: failureOf(job) });
  }
}
