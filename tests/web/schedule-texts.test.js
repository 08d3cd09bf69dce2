/** What pages say of schedules. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { callTasks, callText, latenessText, originText, outcomesText, outcomeWord, reasonText, schedulePauseText } from "../../web/taskbahn_web/static/app/text/schedule-text.js";
import { chain, chord, group, s } from "../../web/taskbahn_web/static/taskbahn.js";

test("where a schedule comes from is said", () => {
  assert.equal(originText({}), "run time");
  assert.equal(originText({ declared: {} }), "code");
  assert.equal(originText({ declared: {}, changed: { note: "x" } }), "code, changed");
  assert.equal(originText({ declared: {}, pause: { orphaned: true } }), "code, orphaned");
});

test("the tasks of a call and of a flow are named once each", () => {
  assert.deepEqual(callTasks({ task: "a.b", args: [{ task: "no.task" }] }), ["a.b"]);
  const flow = { ...chord([s("a.b"), s("a.c")], s("a.d")), on_failure: [s("a.e")] };
  assert.deepEqual(callTasks({ flow }), ["a.b", "a.c", "a.d", "a.e"]);
  assert.deepEqual(callTasks({ flow: chain(s("a.b"), group(s("a.b"))) }), ["a.b"]);
  assert.equal(callText({ flow }), "a.b, a.c and 2 more tasks");
});

test("outcomes are counted, and a job's state is more than that it was fired", () => {
  assert.equal(outcomesText(["failed", "succeeded", "succeeded", "skipped"]), "2 succeeded, 1 failed, 1 skipped");
  assert.equal(outcomeWord({ outcome: "fired", state: "running" }), "running");
  assert.equal(outcomeWord({ outcome: "fired" }), "fired");
  assert.equal(outcomeWord({ outcome: "skipped", state: "running" }), "skipped");
});

test("how late a due time fired differs from its jitter", () => {
  const fired = { outcome: "fired", due_at: 100, fired_at: 100.012 };
  assert.equal(latenessText(fired), "12 ms late");
  assert.equal(latenessText({ ...fired, fired_at: 104 }), "4.0 s late");
  assert.equal(latenessText({ ...fired, fired_at: 104 }, 10), "4.0 s of jitter");
  assert.equal(latenessText({ ...fired, outcome: "missed" }), "");
});

test("why a due time has no job, and why a schedule is paused", () => {
  assert.match(reasonText({ outcome: "skipped" }), /had not ended/);
  assert.match(reasonText({ outcome: "missed", missed: 3, until: 5 }), /^3 due times, up to .*catch-up$/);
  assert.equal(reasonText({ outcome: "refused", error: { message: "no such task" } }), "no such task");
  assert.equal(reasonText({ outcome: "fired" }), "");
  assert.match(schedulePauseText({ by: "ada", reason: "holidays.", until: 3700 }, 100), /^by ada · holidays · for 1 h 00 min more, until /);
  assert.equal(schedulePauseText({}, 100), "until it is resumed");
});
