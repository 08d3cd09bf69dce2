/** What pages say of schedules. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { callTasks, callText, latenessText, originText, outcomesText, outcomeWord, reasonText, schedulePauseText } from "../../web/taskbahn_web/static/app/text/schedule-text.js";
import { fieldTime, timeIn, timeOfField } from "../../web/taskbahn_web/static/app/text/local-times.js";
import { backToCode, callCode, differences } from "../../web/taskbahn_web/static/app/text/schedule-fields.js";
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

test("what differs from code has both values, and the way back has those of code", () => {
  const nightly = { kind: "cron", line: "0 3 * * *", zone: "Europe/Berlin" };
  const schedule = { declared: { when: nightly, jitter: 5 }, changed: { when: { ...nightly, line: "0 4 * * *" }, overlap: "allow", note: "later", jitter: 0 } };
  assert.deepEqual(differences(schedule).map(({ title, code, now }) => [title, code, now]), [
    ["When", "0 3 * * *  Europe/Berlin", "0 4 * * *  Europe/Berlin"],
    ["Overlap", "Skip", "Allow"],
    ["Note", "none", "later"],
    ["Jitter", "5.0 s", "0 ms"],
  ]);
  assert.deepEqual(backToCode(schedule), { when: nightly, overlap: "skip", note: "", jitter: 5 });
  assert.deepEqual(differences({ changed: { note: "x" } }), []);
});

test("a call is shown as a person writes it, whichever way its arguments travel", () => {
  assert.equal(callCode({ task: "a.b", args: [1, "x"], kwargs: { y: null } }), 'a.b(1, "x", y=null)');
  assert.equal(callCode({ task: "a.b", packed: '[["x"],{"y":[1]}]' }), 'a.b("x", y=[1])');
  assert.equal(callCode({ flow: chain(s("a.b")) }), JSON.stringify(chain(s("a.b"))));
});

test("a time is on the clocks of a zone, and a field's time on the reader's", () => {
  assert.equal(timeIn(1_796_009_400, "Europe/Berlin"), "Mon 30 Nov, 04:30");
  assert.equal(timeIn(1_796_009_401, "UTC"), "Mon 30 Nov, 03:30:01");
  assert.equal(typeof timeIn(0, "No/Where"), "string");
  assert.equal(timeOfField(fieldTime(1_796_009_400)), 1_796_009_400);
  assert.equal(timeOfField(""), null);
});
