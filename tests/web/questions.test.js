/** What jobs ask people, as a page hears and answers it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connectionLost, TaskbahnError } from "../../web/taskbahn_web/static/client/errors.js";
import { readJob } from "../../web/taskbahn_web/static/elements/feed.js";
import { applyEvent } from "../../web/taskbahn_web/static/shared/job-view.js";
import { connect } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const ID = "01890000-0000-7000-8000-000000000000";
const asked = (name, asked_at = 10) => ({ job: ID, task: "books.publish", name, question: `${name}?`, schema: { type: "boolean" }, asked_at });
const event = (kind, data, number = 0) => ({ job: ID, number, kind, at: 20, data });
const opened = (...words) => event("question", asked(...words), 3);
const closed = (name) => event("question", { name });

async function asking() {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const job = bahn.job(ID);
  const heard = [];
  const stop = job.onQuestion((question) => heard.push(question));
  return { router, bahn, job, heard, stop, watch: await router.call() };
}

const names = (heard) => heard.map((question) => question?.name ?? null);

test("a listener hears the first open question, the next one, and null when none is open", async () => {
  const { bahn, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "waiting", questions: [asked("a"), asked("b")] } });
  watch.progress({ events: [opened("c"), closed("b")] });
  watch.progress({ events: [closed("a")] });
  watch.progress({ events: [closed("c")] });
  assert.deepEqual(names(heard), ["a", "c", null]);
  assert.deepEqual([heard[0].question, heard[0].schema, heard[0].to, heard[0].asked_at, heard[0].until], ["a?", { type: "boolean" }, "", 10, null]);
  bahn.close();
});

test("a listener hears a question once, however often the task says that it waits", async () => {
  const { router, bahn, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running" } });
  watch.progress({ events: [opened("a")] });
  watch.progress({ events: [opened("a")] });
  router.sessions[0].lose();
  watch.reject(connectionLost());
  const again = await router.call(2);
  again.progress({ snapshot: { id: ID, state: "waiting", questions: [asked("a")] } });
  assert.deepEqual(names(heard), ["a"]);
  again.progress({ events: [closed("a"), opened("a", 30)] }); // by the attempt after a retry
  assert.deepEqual(heard.map(({ asked_at }) => asked_at), [10, 30]);
  bahn.close();
});

test("what was answered while the connection was lost, or ends with its job, is open no more", async () => {
  const { router, bahn, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running", questions: [asked("a")] } });
  router.sessions[0].lose();
  watch.reject(connectionLost());
  const again = await router.call(2);
  again.progress({ snapshot: { id: ID, state: "running" } });
  again.progress({ events: [opened("b")] });
  again.progress({ events: [event("state", { state: "cancelled" }, 4)] });
  assert.deepEqual(names(heard), ["a", null, "b", null]);
  bahn.close();
});

test("a listener that comes later hears the open question, and none of an earlier watch", async () => {
  const { router, bahn, job, watch, stop } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running", questions: [asked("a")], place: { why: "It waits." } } });
  const late = [];
  const stopLate = job.onQuestion((question) => late.push(question));
  await Promise.resolve();
  assert.deepEqual(names(late), ["a"]);
  stop();
  assert.equal(watch.mode, undefined);
  stopLate();
  assert.equal(watch.mode, "killnowait");
  const heard = [];
  job.onQuestion((question) => heard.push(question));
  job.onPlace((place) => heard.push(place));
  (await router.call(2)).progress({ snapshot: { id: ID, state: "running" } });
  await Promise.resolve();
  assert.deepEqual(heard, []);
  bahn.close();
});

test("an answer is sent once, with who gives it; the router's refusal comes to the page", async () => {
  const { router, bahn, job, watch, heard } = await asking();
  watch.progress({ snapshot: { id: ID, state: "running", questions: [asked("a")] } });
  const answered = heard[0].answer(true);
  const first = await router.call(2);
  assert.deepEqual([first.procedure, first.args, first.kwargs], ["taskbahn.job.answer", [ID, "a", true], {}]);
  first.resolve(null);
  await answered;
  const refused = job.answer("a", "perhaps", "ada");
  const second = await router.call(3);
  assert.deepEqual([second.args, second.kwargs], [[ID, "a", "perhaps"], { who: "ada" }]);
  second.reject(new TaskbahnError("it does not fit", "taskbahn.error.wrong_answer"));
  await assert.rejects(refused, { uri: "taskbahn.error.wrong_answer" });
  const lost = job.answer("a", true);
  (await router.call(4)).reject(connectionLost());
  await assert.rejects(lost, { isConnectionLost: true });
  assert.equal(router.calls.length, 4);
  bahn.close();
});

test("a message goes into the inbox once, and has a number", async () => {
  const { router, bahn, job } = await asking();
  const sent = job.send({ text: "go on" });
  const call = await router.call(2);
  assert.deepEqual([call.procedure, call.args], ["taskbahn.job.send", [ID, { text: "go on" }]]);
  call.resolve(3);
  assert.equal(await sent, 3);
  bahn.close();
});

test("all open questions are read page by page, or those of one job", async () => {
  const { router, bahn, job } = await asking();
  const all = bahn.questions();
  const first = await router.call(2);
  assert.deepEqual([first.procedure, first.kwargs], ["taskbahn.view.questions", { after: 0, limit: 500 }]);
  first.resolve({ questions: [asked("a")], next: 7 });
  const second = await router.call(3);
  assert.equal(second.kwargs.after, 7);
  second.resolve({ questions: [asked("b")], next: null });
  const found = await all;
  assert.deepEqual(names(found), ["a", "b"]);
  void found[1].answer(false);
  assert.deepEqual((await router.call(4)).args, [ID, "b", false]);
  const own = bahn.questions({ job });
  const third = await router.call(5);
  assert.equal(third.kwargs.job, ID);
  third.resolve({ questions: [], next: null });
  assert.deepEqual(await own, []);
  await assert.rejects(bahn.questions({ jobs: ID }), /did you mean 'job'/);
  bahn.close();
});

test("the view of a job keeps its open questions, in the page and in the elements", async () => {
  const job = { id: ID, task: "t", queue: "q", state: "running" };
  const open = [opened("a"), opened("b"), closed("a")].reduce(applyEvent, job);
  assert.deepEqual(names(open.questions), ["b"]);
  assert.deepEqual(applyEvent(open, event("state", { state: "failed" })).questions, []);
  const { router, bahn } = await asking();
  const { feed } = readJob(bahn, ID, { onChange: () => {} });
  const watch = await router.call(2);
  watch.progress({ snapshot: { ...job, number: 8, questions: [asked("a")] } });
  watch.progress({ events: [opened("b"), closed("a")] }); // their numbers are not above that of the snapshot
  assert.deepEqual(names(feed.job.questions), ["b"]);
  bahn.close();
});
