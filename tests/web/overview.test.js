import assert from "node:assert/strict";
import { test } from "node:test";

import { searchResults } from "../../web/taskbahn_web/static/app/shell/search-results.js";
import { findRange, RANGES } from "../../web/taskbahn_web/static/app/charts/ranges.js";
import { rate } from "../../web/taskbahn_web/static/shared/format.js";
import { tileSentence, ratesPerSecond, sumLists, overviewTiles } from "../../web/taskbahn_web/static/app/charts/tiles.js";

const COUNTS = { accepted: 40, succeeded: 30, failed: 2, cancelled: 1, expired: 0, retried: 3 };

function status(changes = {}) {
  return {
    version: "1", started_at: 500, now: 1000, jobs: { ready: 4, waiting: 1, running: 2 }, workers: 1, slots: 8, running: 2, lag: 0,
    totals: COUNTS, oldest: 955, wait: [0.012, 0.5], run: [2, 8], problems: [], ...changes,
  };
}

/** Three buckets of five seconds; of the first nothing is known. */
function history(changes = {}) {
  return {
    step: 5, start: 986,
    accepted: [null, 10, 5], succeeded: [null, 8, 4], failed: [null, 2, 0], cancelled: [null, 0, 1], expired: [null, 0, 0], retried: [null, 0, 0],
    waiting: [null, 0, 5], running: [null, 3, 2], oldest: [null, null, 45], wait: [null, 0.01, 0.02], wait95: [null, 0.1, 0.2], run: [null, 1, 2], run95: [null, 4, 8],
    ...changes,
  };
}

function tile(title, ...given) {
  return overviewTiles(...given).find((each) => each.title === title);
}

test("the tiles say what is now, and what it was made of", () => {
  const tiles = overviewTiles(status(), history(), { accepted: 3, finished: 2.04, failed: 0 });
  assert.deepEqual(
    tiles.map(({ title, figure, note }) => [title, figure, note]),
    [
      ["Accepted", "3.0/s", "15 jobs, 1.5/s on average"],
      ["Finished", "2.0/s", "14 runs, 1.4/s on average; 1 cancelled"],
      ["Failed", "2", "14 % of what finished"],
      ["Running", "2", "of 8 slots"],
      ["Waiting", "5", "1 of them not due yet"],
      ["Oldest waiting", "45 s", "since it was accepted"],
      ["Wait to start", "12 ms", "95 % within 500 ms"],
      ["Run time", "2.0 s", "95 % within 8.0 s"],
    ],
  );
  assert.ok(tiles.every(({ lines }) => lines.length > 0 && lines.every(({ values }) => values.length === 3)));
});

test("what happens seldom has a rate that can be read", () => {
  const spoken = [250.4, 12, 2.04, 0.1, 0.0991, 1 / 60, 59.4 / 3600, 1 / 3600, 1 / 86_400, 0].map(rate);
  assert.deepEqual(spoken, ["250/s", "12/s", "2.0/s", "0.1/s", "5.9/min", "1.0/min", "59.4/h", "1.0/h", "1.0/d", "0/s"]);
  const day = history({ step: 300, accepted: [null, ...Array(280).fill(0), ...Array(7).fill(1), 0] });
  const quiet = tile("Accepted", status(), day, { accepted: 0, finished: 0, failed: 0 });
  assert.deepEqual([quiet.figure, quiet.note, quiet.format(1 / 300)], ["0/s", "7 jobs, 7.0/d on average", "12/h"]);
  assert.equal(tile("Accepted", status(), history({ accepted: [null, 0, 0] }), null).note, "no jobs");
});

test("an idle node shows dashes and noughts, not nothing", () => {
  const idle = status({ jobs: {}, running: 0, oldest: null, wait: null, run: null });
  assert.deepEqual(overviewTiles(idle, null, null).map(({ figure }) => figure), ["0/s", "0/s", "0", "0", "0", "–", "–", "–"]);
});

test("counts become jobs a second; the bucket that is not over shows the rate of now, or that of the one before", () => {
  assert.deepEqual(ratesPerSecond(history(), history().accepted, 7), [null, 2, 7]);
  assert.deepEqual(ratesPerSecond(history(), history().accepted, undefined), [null, 2, 2]);
});

test("what is not known stays a gap, and no job waited where the age of the oldest is missing", () => {
  assert.deepEqual(sumLists([null, 1], [null, null], [null, 2]), [null, 3]);
  assert.deepEqual(tile("Oldest waiting", status(), history(), null).lines[0].values, [null, 0, 45]);
});

test("a chart is also a sentence", () => {
  const words = findRange("6h").words;
  assert.equal(tileSentence(tile("Running", status(), history(), null), words), "Running: 2, of 8 slots. In the last 6 hours between 2 and 3.");
  const nothing = history({ running: [null, null, null] });
  assert.equal(tileSentence(tile("Running", status(), nothing, null), words), "Running: 2, of 8 slots. Nothing is known of the last 6 hours.");
});

test("an unknown range is the shortest", () => {
  assert.equal(findRange("a year"), RANGES[0]);
  assert.deepEqual(RANGES.map(({ seconds }) => seconds), [900, 21_600, 86_400, 604_800]);
});

test("an id is its job, a task's name its task, and all else a question to the list of jobs", () => {
  const tasks = ["images.thumbnail", "images.palette", "jobs.tidy"];
  const [workers, queues] = [["web-1", "odd one"], ["web", "slow lane"]];
  const places = (words) => searchResults(words, { tasks, workers, queues }).map(({ kind, where }) => [kind, where]);
  assert.deepEqual(places(" 0193A5B0-0000-7000-8000-00000000002A "), [["Job", "#/jobs/0193a5b0-0000-7000-8000-00000000002a"]]);
  assert.deepEqual(places("0193a5b000007000800000000000002a"), [["Job", "#/jobs/0193a5b0-0000-7000-8000-00000000002a"]]);
  assert.deepEqual(places("images.palette")[0], ["Task", "#/tasks/images.palette"]);
  assert.deepEqual(places("state:failed since:1h"), [["Jobs", "#/jobs?q=state%3Afailed+since%3A1h"]]);
  assert.deepEqual(places("job"), [["Jobs", "#/jobs?q=job"], ["Task", "#/tasks/jobs.tidy"], ["Page", "#/jobs"]]);
  assert.deepEqual(places("  "), []);
  assert.deepEqual(places("web"), [["Worker", "#/workers/web-1"], ["Queue", "#/jobs?q=queue%3Aweb"], ["Jobs", "#/jobs?q=web"]]);
  assert.deepEqual(places("Slow L")[0], ["Queue", "#/jobs?q=queue%3A%27slow+lane%27"]);
  assert.deepEqual(places("3f29A1c0"), [["Job", "#/jobs?q=id%3A3f29a1c0&open=one"], ["Jobs", "#/jobs?q=3f29A1c0"]]);
  assert.deepEqual(places("0123456789ab").slice(0, 2), [["Job", "#/jobs?q=id%3A0123456789ab&open=one"], ["Failed", "#/jobs?q=state%3Afailed+error%3A0123456789ab"]]);
  const failed = searchResults("0123456789AB", { tasks, errors: ["0123456789ab"] }).map(({ kind }) => kind);
  assert.deepEqual(failed.slice(0, 2), ["Failed", "Job"]); // Errors shows it
  const known = { schedules: ["late-flaky"], triggers: ["t.pay:hook:shop"], limits: ["nightly-bank"], tags: ["nightly"] };
  const found = (words) => searchResults(words, { tasks, ...known }).map(({ kind, where }) => [kind, where]);
  assert.deepEqual(found("flaky")[0], ["Schedule", "#/schedules/late-flaky"]);
  assert.deepEqual(found("hook:sh")[0], ["Trigger", "#/triggers/t.pay%3Ahook%3Ashop"]);
  assert.deepEqual(found("nightly"), [["Limit", "#/limits/nightly-bank"], ["Tag", "#/jobs?q=tag%3Anightly"], ["Jobs", "#/jobs?q=nightly"]]);
  for (const words of ["queues", "Tasks", "jobs", "sched"]) assert.equal(places(words)[0][0], "Page", words);
  assert.deepEqual(places("nightly weird"), [["Jobs", "#/jobs?q=tag%3A%27nightly+weird%27"], ["Jobs", "#/jobs?q=%27nightly+weird%27"]]);
});
