/** What the overview shows of the node: each a number of now, and how it was, as lines for a chart. */

import { count, duration, number, rate } from "../../shared/format.js";
import { link } from "../core/route.js";
import { share } from "../text/measures.js";

/**
 * @typedef {import("../../client/wire.js").History} History
 * @typedef {import("../../client/wire.js").Status} Status
 * @typedef {(number | null)[]} Values  one a bucket
 *
 * @typedef {object} Line
 * @property {string} label
 * @property {string} tone  a colour of base.css, without the dashes
 * @property {Values} values
 * @property {boolean} [isFaint]  the lesser of two
 *
 * @typedef {object} Tile
 * @property {string} title
 * @property {string} figure  the number of now
 * @property {string} note  what to know beside it
 * @property {string} [where]  a hash: what shows more
 * @property {boolean} [isBad]
 * @property {Line[]} lines  the more important one last
 * @property {(value: number) => string} format  of values
 */

/**
 * @param {Status} status
 * @param {History | null} history  null until it is there: then the tiles have no lines
 * @param {import("./rates.js").Rates | null} rates
 * @returns {Tile[]}
 */
export function overviewTiles(status, history, rates) {
  return [...flowTiles(status, history, rates), ...stockTiles(status, history), ...latencyTiles(status, history)];
}

/** @param {Status} status @param {History | null} history @param {import("./rates.js").Rates | null} rates @returns {Tile[]} */
function flowTiles({ totals }, history, rates) {
  const finished = history && sumLists(history.succeeded, history.failed);
  const speed = (/** @type {Values | null | undefined} */ values, /** @type {number | undefined} */ now) => ratesPerSecond(history, values, now);
  const accepted = speed(history?.accepted, rates?.accepted);
  const ended = speed(finished, rates?.finished);
  const failed = sumValues(history?.failed);
  return [
    {
      title: "Accepted",
      figure: rate(lastValue(accepted)),
      note: history ? averageText(history.accepted, history.step) : "",
      lines: history ? [{ label: "accepted", tone: "muted", values: accepted }] : [],
      format: rate,
    },
    {
      title: "Finished",
      figure: rate(lastValue(ended)),
      note: history && finished ? [averageText(finished, history.step, "run"), apartText(history)].filter(Boolean).join("; ") : "",
      lines: history ? [{ label: "finished", tone: "succeeded", values: ended }] : [],
      format: rate,
    },
    {
      title: "Failed",
      figure: number(failed),
      note: failed ? `${share(failed, sumValues(finished))} of what finished` : totals?.retried ? `${count(totals.retried, "attempt")} retried since the start` : "",
      where: link("errors"),
      isBad: failed > 0,
      lines: history ? [{ label: "failed", tone: "failed", values: history.failed }] : [],
      format: number,
    },
  ];
}

/** @param {Status} status @param {History | null} history @returns {Tile[]} */
function stockTiles({ jobs, running, slots, oldest, now }, history) {
  const waiting = jobs.waiting ?? 0;
  const queued = (jobs.ready ?? 0) + waiting;
  return [
    {
      title: "Running",
      figure: number(running),
      note: `of ${count(slots, "slot")}`,
      where: link("jobs", null, { q: "state:running" }),
      lines: history ? [{ label: "running", tone: "running", values: history.running }] : [],
      format: number,
    },
    {
      title: "Waiting",
      figure: number(queued),
      note: waiting ? `${number(waiting)} of them not due yet` : queued ? "ready to run" : "nothing waits",
      where: link("queues"),
      lines: history ? [{ label: "waiting", tone: "waiting", values: history.waiting }] : [],
      format: number,
    },
    {
      title: "Oldest waiting",
      figure: oldest ? duration(Math.max(0, now - oldest)) : "–",
      note: oldest ? "since it was accepted" : "nothing is ready",
      where: link("jobs", null, { q: "state:ready" }),
      lines: history ? [{ label: "oldest", tone: "waiting", values: history.oldest.map((age, index) => age ?? (history.waiting[index] === null ? null : 0)) }] : [],
      format: duration,
    },
  ];
}

/** @param {Status} status @param {History | null} history @returns {Tile[]} */
function latencyTiles({ wait, run }, history) {
  const tile = (
    /** @type {string} */ title,
    /** @type {[number, number] | null | undefined} */ now,
    /** @type {string} */ tone,
    /** @type {Values | undefined} */ middle,
    /** @type {Values | undefined} */ slow,
  ) => ({
    title,
    figure: now ? duration(now[0]) : "–",
    note: now ? `95 % within ${duration(now[1])}` : "no job in the last minute",
    lines: middle && slow ? [{ label: "95 % within", tone, values: slow, isFaint: true }, { label: "median", tone, values: middle }] : [],
    format: duration,
  });
  return [
    tile("Wait to start", wait, "waiting", history?.wait, history?.wait95),
    tile("Run time", run, "running", history?.run, history?.run95),
  ];
}

/**
 * Counts as jobs a second. The bucket of now is not over: it shows the rate of now.
 * @param {History | null} history
 * @param {Values | null | undefined} values
 * @param {number | undefined} now  jobs a second
 * @returns {Values}
 */
export function ratesPerSecond(history, values, now) {
  if (!history || !values) return [now ?? null];
  const { step } = history;
  const speeds = values.map((value) => value === null ? null : value / step);
  if (speeds.length > 1) speeds[speeds.length - 1] = now ?? speeds[speeds.length - 2];
  return speeds;
}

/**
 * @param {Values[]} lists  of one length
 * @returns {Values}  null where all are
 */
export function sumLists(...lists) {
  return lists[0].map((_, index) => lists.some((list) => list[index] !== null) ? lists.reduce((sum, list) => sum + (list[index] ?? 0), 0) : null);
}

/** @param {Values | null | undefined} values */
function sumValues(values) {
  return (values ?? []).reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
}

/** How many there were in all that time, for the rate of now may be none. @param {Values} values @param {number} step @param {string} [what] */
function averageText(values, step, what = "job") {
  const [jobs, known] = [sumValues(values), values.filter((value) => value !== null).length];
  return jobs ? `${count(jobs, what)}, ${rate(jobs / (known * step))} on average` : `no ${what}s`;
}

/** What ended without having run to its end, which does not count as finished. @param {History} history */
function apartText({ cancelled, expired }) {
  const apart = [[sumValues(cancelled), "cancelled"], [sumValues(expired), "expired"]].filter(([jobs]) => jobs);
  return apart.map(([jobs, word]) => `${number(Number(jobs))} ${word}`).join(", ");
}

/** @param {Values} values */
function lastValue(values) {
  return values.at(-1) ?? 0;
}

/**
 * A sentence for those who do not see the chart.
 * @param {Tile} tile
 * @param {string} range  "the last hour"
 */
export function tileSentence({ title, figure, note, lines, format }, range) {
  const line = lines.at(-1);
  const known = (line?.values ?? []).filter((value) => value !== null);
  const now = `${title}: ${[figure, note].filter(Boolean).join(", ")}.`;
  if (!line || !known.length) return `${now} Nothing is known of ${range}.`;
  return `${now} In ${range} between ${format(Math.min(...known))} and ${format(Math.max(...known))}.`;
}
