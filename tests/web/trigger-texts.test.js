/** What pages say of triggers, and what their form makes of what is typed. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { refusedField, triggerChanges, triggerDifferences, triggerDraft } from "../../web/taskbahn_web/static/app/text/trigger-draft.js";
import { eventText, foundTriggers, isPassedOn, mappingOf, meaningText, whereTexts } from "../../web/taskbahn_web/static/app/text/trigger-text.js";
import { group, s, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";

const TOPIC = { id: "orders", kind: "topic", words: "events of topics that begin with orders.", spec: { kind: "topic", topic: "orders.", match: "prefix", where: { country: "DE" }, call: { task: "orders.report", args: [7], kwargs: { day: "{event.day}" } } } };
const HOOK = { id: "git", kind: "hook", words: "requests to /hooks/github", spec: { kind: "hook", name: "github", scheme: "hmac", call: { task: "deploys.deploy" } }, declared: {}, pause: { orphaned: true } };

test("the events of a topic and of a hook are said in words", () => {
  assert.deepEqual([eventText(TOPIC.spec), meaningText(TOPIC.spec), whereTexts(TOPIC.spec)], ["orders.", "topics that begin so", ['country = "DE"']]);
  assert.deepEqual([eventText(HOOK.spec), meaningText(HOOK.spec), whereTexts(HOOK.spec)], ["POST /hooks/github", "signed by hmac", []]);
});

test("what a task gets is the event, a mapping, or nothing", () => {
  assert.deepEqual(mappingOf(TOPIC.spec), [["1.", "7"], ["day", "{event.day}"]]);
  assert.equal(mappingOf(HOOK.spec), null);
  assert.deepEqual(mappingOf({ kind: "topic", call: { task: "a.b", args: [] } }), []);
  assert.equal(isPassedOn({ kind: "topic", call: { flow: group(s("a.b")) } }), false);
});

test("triggers are found by words and by their state", () => {
  const ids = (words, state) => foundTriggers([TOPIC, HOOK], words, state).map(({ id }) => id);
  assert.deepEqual(ids("", ""), ["orders", "git"]);
  assert.deepEqual(ids("REPORT {event.day}", ""), ["orders"]);
  assert.deepEqual(ids("hooks/git", "hook"), ["git"]);
  assert.deepEqual(ids("", "orphaned"), ["git"]);
  for (const state of ["paused", "trouble", "changed"]) assert.deepEqual(ids("", state), []);
  assert.deepEqual([ids("", "active"), ids("", "run_time"), ids("", "code")], [["orders"], ["orders"], ["git"]]);
});

test("a form changes only what is typed, and keeps the options of a call", () => {
  const trigger = { ...TOPIC, spec: { ...TOPIC.spec, call: { ...TOPIC.spec.call, options: { priority: 3 } } } };
  const draft = triggerDraft(trigger);
  assert.deepEqual(triggerChanges(draft, trigger), {});
  assert.deepEqual(triggerChanges({ ...draft, topic: "orders.paid ", match: "exact", where: "" }, trigger), { topic: "orders.paid", match: "exact", where: {} });
  assert.deepEqual(triggerChanges({ ...draft, args: "" }, trigger), { start: { task: "orders.report", args: [], kwargs: { day: "{event.day}" }, options: { priority: 3 } } });
  assert.deepEqual(triggerChanges({ ...draft, gets: "event" }, trigger), { start: { task: "orders.report", options: { priority: 3 } } });
  assert.throws(() => triggerChanges({ ...draft, where: "[1]" }, trigger), { field: "where", message: /write an object/ });
  assert.throws(() => triggerChanges({ ...draft, kwargs: "{" }, trigger), { field: "kwargs", message: /no JSON/ });
  assert.throws(() => triggerChanges({ ...draft, args: "{}" }, trigger), { field: "args", message: /write a list/ });
});

test("a form changes all fields of a hook, and makes triggers of both kinds", () => {
  const draft = triggerDraft(HOOK);
  assert.deepEqual(triggerChanges(draft, HOOK), {});
  const changed = { ...draft, name: " git ", secret: "env:OTHER", header: "x-hub", repeats: "body", per_second: "2.5", scheme: "hmac", topic: "of no use" };
  assert.deepEqual(triggerChanges(changed, HOOK), { name: "git", secret: "env:OTHER", header: "x-hub", repeats: "body", per_second: 2.5 });
  assert.throws(() => triggerChanges({ ...draft, per_second: "many" }, HOOK), { field: "per_second", message: /write a number/ });
  const fresh = triggerDraft();
  assert.throws(() => triggerChanges(fresh), { field: "task" });
  assert.deepEqual(triggerChanges({ ...fresh, topic: "a.b", task: "x.y" }), { topic: "a.b", match: "exact", where: {}, start: { task: "x.y" }, note: "" });
  const flow = { chain: [{ task: "x.y" }] };
  assert.deepEqual(triggerChanges({ ...fresh, kind: "hook", name: "h", secret: "env:S", what: "flow", flow: JSON.stringify(flow) }), {
    name: "h", scheme: "github", secret: "env:S", header: "", repeats: "id", per_second: 100, where: {}, start: flow, note: "",
  });
});

test("what the dispatcher refuses is shown at its field", () => {
  const draft = triggerDraft();
  const refusal = (option) => new TaskbahnError("no", "taskbahn.error.invalid_option", { option });
  assert.deepEqual(["topic", "id", "where", "call", "secret", "spec"].map((option) => refusedField(refusal(option), draft)), ["topic", "id", "where", "task", "", ""]);
  assert.equal(refusedField(refusal("kwargs.day"), { ...draft, gets: "mapping" }), "kwargs");
  assert.equal(refusedField(refusal("flow.chain.0.args.1"), { ...draft, what: "flow" }), "flow");
  assert.equal(refusedField(new TaskbahnError("no", "taskbahn.error.unknown_task"), draft), "task");
  assert.equal(refusedField(refusal("secret"), { ...draft, kind: "hook" }), "secret");
  assert.equal(refusedField(new Error("x"), draft), "");
});

test("what differs from code has both values", () => {
  const trigger = { ...TOPIC, declared: { kind: "topic", topic: "orders.", call: { task: "a.b" } }, changed: { match: "prefix", where: { day: 1 }, call: { task: "a.b", args: ["{event}"] } } };
  assert.deepEqual(triggerDifferences(trigger).map(({ title, code, now }) => [title, code, now]), [
    ["Match", "exact", "prefix"],
    ["Where", "none", '{"day":1}'],
    ["Starts", "a.b, with the event as it is", 'a.b("{event}")'],
  ]);
  assert.deepEqual(triggerDifferences(TOPIC), []);
});
