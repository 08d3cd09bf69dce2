/** A job that is paused, as a page asks for it and hears of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { applyEvent } from "../../web/taskbahn_web/static/shared/job-view.js";
import { connect, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const ID = "01890000-0000-7000-8000-000000000000";
const PAUSE = { job: ID, reason: "too warm", paused_by: "ada", paused_at: 10 };
const event = (kind, data, number = 0) => ({ job: ID, number, kind, at: 20, data });

test("a page pauses a job and resumes it", async () => {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const job = bahn.job(ID);
  const paused = job.pause("too warm");
  const call = await router.call();
  assert.deepEqual([call.procedure, call.args, call.kwargs], ["taskbahn.job.pause", [[ID]], { reason: "too warm" }]);
  call.resolve(["waiting"]);
  assert.equal(await paused, "waiting");
  const resumed = job.resume();
  (await router.call(2)).resolve([{ error: "taskbahn.error.wrong_state", message: "it has ended" }]);
  await assert.rejects(resumed, TaskbahnError);
  bahn.close();
});

test("a watcher hears of a pause and of its end, though they have no numbers", async () => {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const heard = [];
  bahn.watch(ID, { onEvents: (events) => heard.push(...events) }, 7);
  const watch = await router.call();
  watch.progress({ snapshot: { id: ID, state: "running", number: 7 } });
  watch.progress({ events: [event("pause", PAUSE)] });
  watch.progress({ events: [event("pause", null), event("state", { state: "ready" }, 7)] });
  assert.deepEqual(heard.map(({ kind, data }) => [kind, data]), [["pause", PAUSE], ["pause", null]]);
  bahn.close();
});

test("a view says what holds the job until that goes on", () => {
  const waiting = { id: ID, task: "t", queue: "q", state: "waiting", created_at: 10 };
  const paused = applyEvent(waiting, event("pause", PAUSE));
  const resumed = applyEvent(paused, event("pause", null));
  assert.deepEqual([waiting, paused, resumed].map((job) => job.paused?.reason), [undefined, "too warm", undefined]);
});
