import assert from "node:assert/strict";
import { test } from "node:test";

import { MOVES } from "../../web/taskbahn_web/static/client/connection.js";
import { connectionLost, sentence, TaskbahnError } from "../../web/taskbahn_web/static/client/errors.js";
import { timeOf, uuid7 } from "../../web/taskbahn_web/static/client/ids.js";
import { Bahn, connect, Job } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const ID = "01890000-0000-7000-8000-000000000000";

async function connected() {
  const router = new FakeRouter();
  return { router, bahn: await connect({ dial: router.dial }) };
}

test("an id has its time in front, and version and variant of a UUIDv7", () => {
  const id = uuid7(1_700_000_000_123);
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(timeOf(id), 1_700_000_000.123);
});

test("a sentence begins large and ends with a stop", () => {
  assert.equal(sentence(new Error("there is no job")), "There is no job.");
  assert.equal(sentence("Really?"), "Really?");
});

test("every move of the connection leads to a state of the table", () => {
  for (const moves of Object.values(MOVES)) for (const state of Object.values(moves)) assert.ok(state in MOVES);
});

test("a submission carries an id of the client's, and is sent again with the same one when the connection is lost", async () => {
  const { router, bahn } = await connected();
  const job = bahn.start("images.thumbnail", ["a.jpg"], { width: 64 }, { priority: 2 });
  const first = await router.call();
  router.sessions[0].lose();
  first.reject(connectionLost());
  const second = await router.call(2);
  assert.deepEqual(second.args, first.args);
  const [{ id, ...call }] = second.args[0];
  assert.deepEqual(call, { task: "images.thumbnail", args: ["a.jpg"], kwargs: { width: 64 }, options: { priority: 2 } });
  second.resolve([id]);
  assert.equal((await job).id, id);
  bahn.close();
});

test("a job has the id that its caller chose, or that of the job that it joined", async () => {
  const { router, bahn } = await connected();
  const id = Job.newId();
  const job = bahn.start("images.thumbnail", [], {}, { id, key: "order-17" });
  const call = await router.call();
  assert.deepEqual(call.args, [[{ task: "images.thumbnail", id, args: [], kwargs: {}, options: { key: "order-17" } }]]);
  call.resolve([ID]);
  assert.equal((await job).id, ID);
  bahn.close();
});

test("a refused submission rejects with the sentence and the fields", async () => {
  const { router, bahn } = await connected();
  const job = bahn.start("images.thumbnail");
  const detail = { fields: { path: "is missing" } };
  (await router.call()).resolve([{ error: "taskbahn.error.invalid_arguments", message: "path: is missing", detail }]);
  await assert.rejects(job, (error) => error instanceof TaskbahnError && error.fields.path === "is missing");
  bahn.close();
});

test("a watch asks again with the last number it saw, and passes no event twice", async () => {
  const { router, bahn } = await connected();
  const seen = [];
  const { outcome } = bahn.watch(ID, { onEvents: (events) => seen.push(...events.map(({ number }) => number)) });
  const first = await router.call();
  assert.deepEqual(first.kwargs, { after: 0 });
  first.progress({ snapshot: { id: ID } });
  first.progress({ events: [{ kind: "log", number: 1 }, { kind: "log", number: 2 }] });
  router.sessions[0].lose();
  first.reject(connectionLost());
  const second = await router.call(2);
  assert.deepEqual(second.kwargs, { after: 2 });
  second.progress({ events: [{ kind: "log", number: 2 }, { kind: "log", number: 3 }] });
  second.resolve({ id: ID, state: "succeeded" });
  assert.equal((await outcome).state, "succeeded");
  assert.deepEqual(seen, [1, 2, 3]);
  bahn.close();
});

test("events end with the outcome, and leaving them early stops the watch", async () => {
  const { router, bahn } = await connected();
  const kinds = [];
  const all = (async () => {
    for await (const { kind } of bahn.job(ID).events()) kinds.push(kind);
  })();
  const watch = await router.call();
  watch.progress({ snapshot: { id: ID } });
  watch.progress({ events: [{ kind: "chunk", number: 1, data: "a" }] });
  watch.resolve({ id: ID, state: "failed" });
  await all;
  assert.deepEqual(kinds, ["snapshot", "chunk", "outcome"]);

  const early = bahn.job(ID).events();
  const snapshot = early.next();
  (await router.call(2)).progress({ snapshot: { id: ID } });
  await snapshot;
  await early.return();
  assert.equal(router.calls[1].mode, "killnowait");
  bahn.close();
});

test("chunks come one by one, with their attempt, and a job that fails rejects after them", async () => {
  const { router, bahn } = await connected();
  const heard = [];
  const all = (async () => {
    for await (const chunk of bahn.job(ID).chunks()) heard.push(chunk);
  })();
  const watch = await router.call();
  watch.progress({ snapshot: { id: ID } });
  watch.progress({ events: [{ kind: "chunk", number: 1, data: "a", attempt: 1 }, { kind: "log", number: 2, data: {} }, { kind: "chunk", number: 3, data: null, attempt: 2 }] });
  watch.resolve({ id: ID, state: "failed", error: { type: "ValueError", message: "no" } });
  await assert.rejects(all, { uri: "taskbahn.error.job_failed" });
  assert.deepEqual(heard, [{ value: "a", attempt: 1 }, { value: null, attempt: 2 }]);
  bahn.close();
});

test("listeners hear the place while the job waits, and that it waits no more", async () => {
  const { router, bahn } = await connected();
  const places = [];
  const job = bahn.job(ID);
  job.onPlace((place) => places.push(place?.ahead ?? null));
  const watch = await router.call();
  watch.progress({ snapshot: { id: ID, state: "ready", place: { why: "all slots are busy", ahead: 3 } } });
  watch.progress({ place: { why: "all slots are busy", ahead: 1 } });
  watch.progress({ events: [{ kind: "log", number: 1, data: {} }] });
  watch.progress({ events: [{ kind: "state", number: 2, data: { state: "running" } }] });
  watch.progress({ events: [{ kind: "state", number: 3, data: { state: "succeeded" } }] });
  assert.deepEqual(places, [3, 1, null]);
  const late = [];
  job.onPlace((place) => late.push(place));
  watch.progress({ snapshot: { id: ID, state: "ready", place: { why: "again", ahead: 9 } } });
  assert.equal(late[0].ahead, 9);
  bahn.close();
});

test("all listeners share one watch, which ends with the last of them, unless a caller waits for the result", async () => {
  const { router, bahn } = await connected();
  const job = bahn.job(ID);
  const fractions = [];
  const stops = [job.onProgress(({ fraction }) => fractions.push(fraction)), job.onPlace(() => {})];
  const watch = await router.call();
  watch.progress({ snapshot: { id: ID, state: "running", progress: { fraction: 0.25 } } });
  const late = [];
  stops.push(job.onProgress(({ fraction }) => late.push(fraction)));
  await Promise.resolve();
  assert.deepEqual([fractions, late], [[0.25], [0.25]]);
  stops.forEach((stop) => stop());
  assert.equal(watch.mode, "killnowait");
  const stop = job.onProgress(() => {});
  const second = await router.call(2);
  const result = job.result();
  stop();
  assert.equal(second.mode, undefined);
  second.resolve({ id: ID, state: "succeeded", result: 42 });
  assert.equal(await result, 42);
  assert.equal(router.calls.length, 2);
  bahn.close();
});

test("a job that is retried has another outcome, and its listeners go on", async () => {
  const { router, bahn } = await connected();
  const job = bahn.job(ID);
  const fractions = [];
  const result = job.result();
  job.onProgress(({ fraction }) => fractions.push(fraction));
  const watch = await router.call();
  watch.progress({ snapshot: { id: ID, state: "running", progress: { fraction: 0.75 } } });
  watch.resolve({ id: ID, state: "failed", error: { type: "OSError", message: "no paper" } });
  await assert.rejects(result, { message: "OSError: no paper" });
  const retried = job.retry();
  const ask = await router.call(2);
  assert.deepEqual([ask.procedure, ask.args], ["taskbahn.job.retry", [[ID]]]);
  ask.resolve(["ready"]);
  assert.equal(await retried, "ready");
  const again = await router.call(3);
  assert.equal(again.procedure, "taskbahn.job.watch");
  const late = [];
  job.onProgress(({ fraction }) => late.push(fraction));
  await Promise.resolve();
  assert.deepEqual(late, []); // what the attempt before said counts no more
  again.progress({ events: [{ kind: "progress", number: 4, data: { fraction: 0.5 } }] });
  again.resolve({ id: ID, state: "succeeded", result: 7 });
  assert.deepEqual([await job.result(), fractions, late], [7, [0.75, 0.5], [0.5]]);
  const wrong = job.retry();
  (await router.call(4)).resolve([{ error: "taskbahn.error.wrong_state", message: "it has succeeded" }]);
  await assert.rejects(wrong, { uri: "taskbahn.error.wrong_state" });
  assert.equal(await job.result(), 7); // a retry that is refused changes nothing
  bahn.close();
});

test("a job is retried once, also when the connection is lost under it", async () => {
  const { router, bahn } = await connected();
  const retried = bahn.job(ID).retry();
  (await router.call()).reject(connectionLost("gone"));
  await assert.rejects(retried, { message: "gone" });
  assert.equal(router.calls.length, 1);
  bahn.close();
});

test("a listener that throws keeps no other from hearing", async (context) => {
  const complained = context.mock.method(console, "error", () => {});
  const { router, bahn } = await connected();
  const seen = [];
  bahn.onState(() => {
    throw new Error("of the page");
  });
  bahn.onState((state) => seen.push(state));
  router.sessions[0].lose();
  assert.deepEqual(seen, ["reconnecting"]);
  assert.equal(complained.mock.callCount(), 1);
  bahn.close();
});

test("an unknown job ends its watch with the router's sentence", async () => {
  const { router, bahn } = await connected();
  const events = bahn.job(ID).events();
  const next = events.next();
  (await router.call()).reject(new TaskbahnError("there is no such job", "taskbahn.error.unknown_job"));
  await assert.rejects(next, /no such job/);
  bahn.close();
});

test("a dispatcher that is still starting is asked again", async () => {
  const { router, bahn } = await connected();
  const status = bahn.ask("taskbahn.view.status");
  (await router.call()).reject(new TaskbahnError("no callee", "wamp.error.no_such_procedure"));
  (await router.call(2)).resolve({ workers: 1 });
  assert.deepEqual(await status, { workers: 1 });
  bahn.close();
});

test("a call that the dispatcher took with it is made again; one that was cancelled is not", () => {
  const gone = "Callee disconnected from in-flight request";
  assert.ok(new TaskbahnError(gone, "wamp.error.canceled").isPassing);
  assert.ok(!new TaskbahnError("cancelled by the caller", "wamp.error.canceled").isPassing);
});

test("subscriptions and offers are made again on every session", async () => {
  const { router, bahn } = await connected();
  await bahn.subscribe("taskbahn.view.changes", () => {});
  await bahn.offer("browser.resize", () => {});
  router.sessions[0].lose();
  while (router.sessions.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(router.sessions[1].topics, ["taskbahn.view.changes"]);
  const [procedure] = router.sessions[1].procedures;
  assert.match(procedure, /^taskbahn\.offer_job_as\.page-[0-9a-f]{12}\.browser\.resize$/);
  assert.deepEqual(router.sessions[0].procedures, [procedure]); // it keeps its name
  bahn.close();
});

test("two offers of one task have different names, unless they are given", async () => {
  const { router, bahn } = await connected();
  await bahn.offer("browser.resize", () => {});
  await bahn.offer("browser.resize", () => {});
  await bahn.offer("browser.resize", () => {}, { name: "tab-1" });
  const { procedures } = router.sessions[0];
  assert.equal(new Set(procedures).size, 3);
  assert.equal(procedures[2], "taskbahn.offer_job_as.tab-1.browser.resize");
  for (const name of ["", "a.b", "a b", "ä", "x".repeat(65), 7, null]) {
    await assert.rejects(bahn.offer("browser.resize", () => {}, { name }), { uri: "taskbahn.error.invalid_name" });
  }
  bahn.close();
});

test("a node that knows no named offers gets the plain one", async () => {
  const { router, bahn } = await connected();
  router.sessions[0].register = async (procedure) => {
    if (procedure.includes("_as.")) throw new TaskbahnError("not authorized", "wamp.error.not_authorized");
    router.sessions[0].procedures.push(procedure);
    return () => {};
  };
  await bahn.offer("browser.resize", () => {});
  assert.deepEqual(router.sessions[0].procedures, ["taskbahn.offer_job.browser.resize"]);
  bahn.close();
});

test("what is subscribed on a closed connection is refused, not forgotten", async () => {
  const { bahn } = await connected();
  bahn.close();
  await assert.rejects(bahn.subscribe("taskbahn.view.changes", () => {}), /closed/);
  const router = new FakeRouter();
  router.isUp = false;
  const never = new Bahn({ dial: router.dial });
  const offered = never.offer("browser.resize", () => {});
  never.close();
  await assert.rejects(offered, /closed/);
});

test("an address may be given from where the module came, and with http", async () => {
  const urls = [];
  const dial = async (url) => (urls.push(url), Promise.reject(new Error("no answer")));
  for (const url of [undefined, "/ws-view", "https://tasks.example/ws"]) new Bahn({ url, dial }).close();
  assert.deepEqual(urls, ["ws://127.0.0.1:8080/ws", "ws://127.0.0.1:8080/ws-view", "wss://tasks.example/ws"]);
});

test("states come in order, and closing rejects what waits", async () => {
  const router = new FakeRouter();
  router.isUp = false;
  const bahn = new Bahn({ dial: router.dial });
  const states = [];
  bahn.onState((state) => states.push(state));
  const asked = bahn.ask("taskbahn.view.status");
  while (!states.length) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(bahn.connection.retryAt > Date.now() / 1000);
  router.isUp = true;
  bahn.connection.hurry();
  (await router.call()).resolve("live");
  assert.equal(await asked, "live");
  router.sessions[0].lose();
  const waiting = bahn.ask("taskbahn.view.status");
  bahn.close();
  await assert.rejects(waiting, /closed/);
  assert.deepEqual(states, ["reconnecting", "live", "reconnecting", "closed"]);
});

test("a router that cannot be reached is said at once", async () => {
  const router = new FakeRouter();
  router.isUp = false;
  await assert.rejects(connect({ dial: router.dial }), /no answer/);
});

test("a session that has gone silent is dropped: what was asked in it is asked again in the next", async () => {
  const { router, bahn } = await connected();
  const asked = bahn.ask("taskbahn.view.status");
  const first = await router.call();
  router.sessions[0].close = () => first.reject(connectionLost());
  bahn.connection.drop();
  assert.equal(bahn.state, "reconnecting");
  (await router.call(2)).resolve("live");
  assert.equal(await asked, "live");
  bahn.close();
});

test("after a sleep the router is asked whether it is still there, and a silent one is given up", async (context) => {
  const { timers } = context.mock;
  timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: 1_700_000_000_000 });
  const { router, bahn } = await connected();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const sleep = async (seconds) => {
    timers.setTime(Date.now() + seconds * 1000);
    timers.tick(5000);
    await settled();
  };
  for (let beat = 0; beat < 12; beat++) timers.tick(5000);
  await settled();
  assert.equal(router.calls.length, 0); // it was awake all the time
  await sleep(60);
  assert.equal(router.calls[0].procedure, "taskbahn.view.status");
  router.calls[0].reject(new TaskbahnError("you may not", "wamp.error.not_authorized")); // an answer as any other
  await settled();
  for (let beat = 0; beat < 2; beat++) timers.tick(5000);
  assert.equal(bahn.state, "live");
  await sleep(60);
  assert.equal(router.calls.length, 2);
  timers.tick(4900);
  assert.equal(bahn.state, "live");
  timers.tick(200);
  assert.equal(bahn.state, "reconnecting");
  bahn.close();
});
