import assert from "node:assert/strict";
import { test } from "node:test";

import { countJobs, narrowQuery, runBulk } from "../../web/taskbahn_web/static/app/data/bulk.js";
import { TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";

/** A router with these pages of ids; `verdict` answers for a job. */
function router(pages, verdict = () => "cancelled") {
  const asked = [];
  const slices = [];
  const act = async (ids) => (slices.push(ids.length), ids.map(verdict));
  const ask = async (_procedure, _args, wanted) => {
    asked.push(wanted);
    const index = wanted.before ?? 0;
    return { ids: pages[index], next: index + 1 < pages.length ? index + 1 : null };
  };
  return { asked, slices, ask, cancel: act, retry: act };
}

const some = (count, name = "j") => Array.from({ length: count }, (_, index) => `${name}${index}`);

test("ids are worked through in slices, and each step is reported", async () => {
  const bahn = router([]);
  const reports = [];
  const report = await runBulk(bahn, { action: "cancel", ids: some(450), onProgress: ({ done, found }) => reports.push([done, found]) });
  assert.deepEqual(bahn.slices, [200, 200, 50]);
  assert.deepEqual(reports, [[200, 450], [400, 450], [450, 450]]);
  assert.deepEqual(report, { found: 450, isComplete: true, done: 450, refused: 0, problem: "", reasons: [] });
});

test("a query is followed page by page, also over empty answers, and asks only for what can be moved", async () => {
  const bahn = router([some(300), [], some(20)]);
  const report = await runBulk(bahn, { action: "retry", query: { task: "a.*" } });
  assert.deepEqual(bahn.slices, [200, 100, 20]);
  assert.equal(report.done, 320);
  assert.deepEqual(bahn.asked.map(({ before }) => before), [undefined, 1, 2]);
  assert.deepEqual(bahn.asked[0], { task: "a.*", state: ["failed", "cancelled", "expired"], ids: true, limit: 1000 });
  assert.deepEqual(narrowQuery("cancel", { state: ["running", "failed"] }), { state: ["running"] });
  assert.equal(narrowQuery("cancel", { state: "failed" }), null);
  assert.equal((await runBulk(bahn, { action: "cancel", query: { state: ["failed"] } })).found, 0);
});

test("what is refused is counted by its reason, without the jobs' ids", async () => {
  const refusal = (id) =>
    new TaskbahnError(`job 01890000-0000-7000-8000-00000000000${id.at(-1)} is running: only a job that failed can be retried`);
  const bahn = router([], (id) => (id < "j3" ? refusal(id) : "ready"));
  const { done, refused, reasons } = await runBulk(bahn, { action: "retry", ids: some(5) });
  assert.deepEqual([done, refused], [2, 3]);
  assert.deepEqual(reasons, [["The job is running: only a job that failed can be retried.", 3]]);
});

test("a job that had ended before is no cancelled one", async () => {
  const bahn = router([], (id) => (id === "j0" ? "succeeded" : "cancelled"));
  const { done, reasons } = await runBulk(bahn, { action: "cancel", ids: some(2) });
  assert.deepEqual([done, reasons], [1, [["It had already succeeded.", 1]]]);
});

test("it can be stopped, and ends with what was done when something fails", async () => {
  const stop = new AbortController();
  const bahn = router([some(1000)]);
  const stopped = await runBulk(bahn, { action: "cancel", query: {}, signal: stop.signal, onProgress: ({ done }) => done === 400 && stop.abort() });
  assert.deepEqual([stopped.done, stopped.isComplete], [400, false]);

  const broken = { ...bahn, cancel: async () => Promise.reject(new Error("the connection was lost")) };
  const failed = await runBulk(broken, { action: "cancel", ids: some(3) });
  assert.deepEqual([failed.done, failed.problem], [0, "The connection was lost."]);
});

test("jobs are counted before, up to a bound", async () => {
  const pages = [some(700), [], some(700)];
  assert.deepEqual(await countJobs(router(pages), "cancel", {}, { most: 1e4 }), { found: 1400, isComplete: true });
  assert.deepEqual(await countJobs(router(pages), "cancel", {}, { most: 500 }), { found: 700, isComplete: false });
});

test("each slice of jobs that are cancelled gets the reason", async () => {
  const given = [];
  const bahn = { cancel: async (ids, ...why) => (given.push([ids.length, ...why]), ids.map(() => "cancelled")) };
  await runBulk(bahn, { action: "cancel", ids: some(250), reason: "sent twice" });
  assert.deepEqual(given, [[200, "sent twice", "the dashboard", ""], [50, "sent twice", "the dashboard", ""]]);
});
