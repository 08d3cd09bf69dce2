/** What a page asks about schedules. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chain, connect, s, si, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const REFUSED = { error: "taskbahn.error.already_active", message: "one is there" };

test("a preview asks for times, and a wrong option is refused before it", async () => {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const answer = bahn.schedules.preview("0 3 * * 1-5", { zone: "Europe/Berlin", count: 2 });
  const call = await router.call();
  assert.deepEqual([call.procedure, call.args, call.kwargs], ["taskbahn.view.schedule_times", ["0 3 * * 1-5"], { zone: "Europe/Berlin", count: 2 }]);
  const times = { words: "at 03:00 on weekdays, Europe/Berlin", zone: "Europe/Berlin", times: [1], local: ["1970-01-01T01:00:01+01:00"] };
  call.resolve(times);
  assert.deepEqual(await answer, times);
  await assert.rejects(bahn.schedules.preview("@daily", { zones: "UTC" }), TaskbahnError);
  bahn.close();
});

/** A page that is connected, and what answers each of its calls in turn. */
async function page(...answers) {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  let asked = 0;
  const answer = async () => {
    for (const value of answers) (await router.call(++asked)).resolve(value);
  };
  void answer();
  const calls = () => router.calls.map(({ procedure, args, kwargs }) => [procedure.replace("taskbahn.admin.schedule.", ""), args, kwargs]);
  return { bahn, router, calls };
}

test("a schedule is made of a line and a call, and of a form and a flow", async () => {
  const { bahn, calls } = await page({ id: "a" }, { id: "b" });
  const at = new Date(1_000);
  await bahn.schedules.create("a", "0 3 * * *", si("x.y", ["{@due}"], { z: 1 }), { zone: "Europe/Berlin", overlap: "allow", start: at, who: "ada" });
  const every = { kind: "every", interval: 60 };
  await bahn.schedules.create("b", every, chain(s("x.y"), s("x.z")));
  assert.deepEqual(calls(), [
    [
      "add",
      ["a", { overlap: "allow", when: { kind: "cron", line: "0 3 * * *", zone: "Europe/Berlin" }, start: 1, call: { task: "x.y", args: ["{@due}"], kwargs: { z: 1 } } }],
      { who: "ada" },
    ],
    ["add", ["b", { when: every, call: { flow: chain(s("x.y"), s("x.z")) } }], {}],
  ]);
  await assert.rejects(bahn.schedules.create("c", "@daily", s("x.y"), { overlaps: "skip" }), /did you mean 'overlap'/);
  bahn.close();
});

test("a schedule is changed, paused, resumed, run and deleted by its id", async () => {
  const answers = [["job-2", "job-3"], ["job-4", REFUSED], [REFUSED]];
  const { bahn, calls } = await page({}, {}, {}, "job-1", ...answers, { count: 2 }, null);
  await bahn.schedules.edit("a", { when: "@daily", zone: "UTC", end: null, note: "later" }, { who: "ada" });
  await bahn.schedules.pause("a", { reason: "holidays", until: new Date(5_000) });
  await bahn.schedules.resume("a");
  assert.equal((await bahn.schedules.runNow("a")).id, "job-1");
  assert.deepEqual((await bahn.schedules.backfill("a", 1, new Date(9_000))).map(({ id }) => id), ["job-2", "job-3"]);
  assert.deepEqual((await bahn.schedules.backfill("a", 1, 9, { key: "again" })).map(({ id }) => id), ["job-4"]);
  await assert.rejects(bahn.schedules.backfill("a", 1, 9, { key: "again" }), /one is there/);
  assert.deepEqual(await bahn.schedules.countDue("a", 1, 9), { count: 2 });
  await bahn.schedules.delete("a", { who: "ada" });
  const made = calls();
  const keys = [made[3][2], made[4][2]].map((words) => /** @type {{key: string}} */ (words).key);
  assert.equal(new Set(keys).size, 2);
  assert.deepEqual(made, [
    ["edit", ["a", { note: "later", when: { kind: "cron", line: "@daily", zone: "UTC" }, end: null }], { who: "ada" }],
    ["pause", ["a"], { reason: "holidays", until: 5 }],
    ["resume", ["a"], {}],
    ["run", ["a"], { key: keys[0] }],
    ["backfill", ["a", 1, 9], { key: keys[1] }],
    ["backfill", ["a", 1, 9], { key: "again" }],
    ["backfill", ["a", 1, 9], { key: "again" }],
    ["taskbahn.view.due_times", [1, 9], { id: "a" }],
    ["delete", ["a"], { who: "ada" }],
  ]);
  bahn.close();
});

test("a list has all pages, and a schedule that is not there is said", async () => {
  const { bahn, calls } = await page({ schedules: [{ id: "a" }], next: "a" }, { schedules: [{ id: "b" }], next: null }, [{ outcome: "fired" }], { schedules: [] });
  assert.deepEqual(await bahn.schedules.list({ state: "paused" }), [{ id: "a" }, { id: "b" }]);
  assert.deepEqual(await bahn.schedules.history("a"), [{ outcome: "fired" }]);
  await assert.rejects(bahn.schedules.get("c", { outcomes: 20 }), /there is no schedule 'c'/);
  const procedure = "taskbahn.view.schedules";
  assert.deepEqual(calls(), [
    [procedure, [], { state: "paused", after: "", limit: 500 }],
    [procedure, [], { state: "paused", after: "a", limit: 500 }],
    ["taskbahn.view.firings", ["a"], {}],
    [procedure, [], { outcomes: 20, id: "c" }],
  ]);
  bahn.close();
});

test("a run is asked for again over a lost connection by the same key, a deletion is not", async () => {
  const { bahn, router } = await page();
  const running = bahn.schedules.runNow("a");
  (await router.call()).reject(new TaskbahnError("lost", "taskbahn.error.connection_lost"));
  (await router.call(2)).resolve("job-1");
  assert.equal((await running).id, "job-1");
  assert.deepEqual(router.calls[0].kwargs, router.calls[1].kwargs);
  const deleting = bahn.schedules.delete("a");
  (await router.call(3)).reject(new TaskbahnError("lost", "taskbahn.error.connection_lost"));
  await assert.rejects(deleting, /lost/);
  assert.equal(router.calls.length, 3);
  bahn.close();
});
