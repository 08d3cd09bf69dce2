/** What a page publishes, and what it says about triggers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, s, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

/** A page that is connected, and what answers each of its calls in turn. */
async function page(...answers) {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  let asked = 0;
  const answer = async () => {
    for (const value of answers) (await router.call(++asked)).resolve(value);
  };
  void answer();
  const calls = () => router.calls.map(({ procedure, args, kwargs }) => [procedure.replace("taskbahn.admin.trigger.", ""), args, kwargs]);
  return { bahn, router, calls };
}

test("an event is published under an id, and resolves to the jobs that it starts", async () => {
  const { bahn, calls } = await page(["job-1", { error: "invalid_arguments", trigger: "t" }, "job-2"], []);
  const jobs = await bahn.publish("orders.created", [{ day: 5 }], { express: true }, { id: "order-17" });
  assert.deepEqual(jobs.map(({ id }) => id), ["job-1", "job-2"]);
  assert.deepEqual(await bahn.publish("orders.created"), []);
  const [first, second] = calls();
  assert.deepEqual(first, ["taskbahn.event.publish", ["orders.created", [{ day: 5 }], { express: true }], { id: "order-17" }]);
  assert.deepEqual(second.slice(0, 2), ["taskbahn.event.publish", ["orders.created", [], {}]]);
  assert.match(second[2].id, /^[0-9a-f-]{36}$/);
  await assert.rejects(bahn.publish("a.b", [], {}, { ids: "x" }), /did you mean 'id'/);
  bahn.close();
});

test("an event that is sent again after a lost connection has the same id", async () => {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const published = bahn.publish("orders.created");
  const first = await router.call(1);
  first.reject(new TaskbahnError("lost", "taskbahn.error.connection_lost"));
  router.sessions[0].lose();
  const second = await router.call(2);
  assert.equal(second.kwargs.id, first.kwargs.id);
  second.resolve(["job-1"]);
  assert.equal((await published)[0].id, "job-1");
  bahn.close();
});

test("a hook is made and changed, with all its fields", async () => {
  const { bahn, calls } = await page({}, {});
  await bahn.triggers.createHook("git", "github", s("deploys.deploy", ["{body.ref}"]), { scheme: "github", secret: "env:GITHUB_SECRET", per_second: 5, who: "ada" });
  await bahn.triggers.edit("git", { name: "gitlab", scheme: "hmac", header: "x-token", secret: "env:GITLAB_SECRET", repeats: "body", per_second: 0.5 });
  assert.deepEqual(calls(), [
    ["add", ["git", { kind: "hook", name: "github", scheme: "github", secret: "env:GITHUB_SECRET", per_second: 5, call: { task: "deploys.deploy", args: ["{body.ref}"], kwargs: {} } }], { who: "ada" }],
    ["edit", ["git", { name: "gitlab", scheme: "hmac", header: "x-token", secret: "env:GITLAB_SECRET", repeats: "body", per_second: 0.5 }], {}],
  ]);
  await assert.rejects(bahn.triggers.createHook("git", "github", "a.b", { schema: "github" }), /did you mean 'scheme'/);
  bahn.close();
});

test("a trigger is made of a task or a flow, changed, paused, resumed and deleted", async () => {
  const { bahn, calls } = await page({}, {}, {}, {}, {}, null);
  await bahn.triggers.create("a", "orders.", "report.make", { match: "prefix", where: { country: "DE" }, who: "ada" });
  await bahn.triggers.create("b", "orders.paid", s("report.make", ["{event.day}"]));
  await bahn.triggers.edit("b", { topic: "orders.sent", start: "report.make" }, { who: "ada" });
  await bahn.triggers.pause("b", { reason: "holidays", until: new Date(5_000) });
  await bahn.triggers.resume("b");
  await bahn.triggers.delete("b", { who: "ada" });
  assert.deepEqual(calls(), [
    ["add", ["a", { kind: "topic", topic: "orders.", match: "prefix", where: { country: "DE" }, call: { task: "report.make" } }], { who: "ada" }],
    ["add", ["b", { kind: "topic", topic: "orders.paid", call: { task: "report.make", args: ["{event.day}"], kwargs: {} } }], {}],
    ["edit", ["b", { topic: "orders.sent", call: { task: "report.make" } }], { who: "ada" }],
    ["pause", ["b"], { reason: "holidays", until: 5 }],
    ["resume", ["b"], {}],
    ["delete", ["b"], { who: "ada" }],
  ]);
  bahn.close();
});

test("a list has all pages, and a trigger that is not there is said", async () => {
  const { bahn, calls } = await page({ triggers: [{ id: "a" }], next: "a" }, { triggers: [{ id: "b" }], next: null }, { triggers: [] });
  assert.deepEqual(await bahn.triggers.list(), [{ id: "a" }, { id: "b" }]);
  await assert.rejects(bahn.triggers.get("c"), TaskbahnError);
  const procedure = "taskbahn.view.triggers";
  assert.deepEqual(calls(), [[procedure, [], { after: "", limit: 500 }], [procedure, [], { after: "a", limit: 500 }], [procedure, [], { id: "c" }]]);
  bahn.close();
});
