/** What the elements are made of and needs no page: the words, the expected end, the feed of one job. How they look and act is in tests/browser. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connectionLost, TaskbahnError } from "../../web/taskbahn_web/static/client/errors.js";
import { MAX_LINES, readJob } from "../../web/taskbahn_web/static/elements/feed.js";
import { footText, stateText } from "../../web/taskbahn_web/static/elements/job-words.js";
import { Words } from "../../web/taskbahn_web/static/elements/words.js";
import { expectation, roughDuration, secondsLeft } from "../../web/taskbahn_web/static/shared/expected.js";
import { connect } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

const ID = "01890000-0000-7000-8000-000000000000";
const LIVE = { state: "live" };
const EN = new Words("en");
const event = (number, kind, data, at = number) => ({ job: ID, number, kind, at, data });

/** Read a job of a router whose answers the test gives. */
async function reading() {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const heard = [];
  const reader = { onChange: () => {}, onProgress: ({ fraction }) => heard.push(fraction), onEnd: ({ state }) => heard.push(state) };
  const { feed, leave } = readJob(bahn, ID, reader);
  return { router, bahn, feed, leave, heard, watch: await router.call() };
}

test("the expected end comes from earlier jobs at first, and from the job's own pace the further it is", () => {
  const near = (left, wanted) => assert.ok(Math.abs(left - wanted) < 0.1 * wanted, `${left} is not about ${wanted}`);
  near(secondsLeft({ fraction: null, elapsed: 4, typical: 10 }), 6);
  near(secondsLeft({ fraction: 0.5, elapsed: 10 }), 10);
  near(secondsLeft({ fraction: 0.5, elapsed: 10, typical: 40 }), 11.7); // twice as fast as earlier ones
  near(secondsLeft({ fraction: 0.5, elapsed: 20, typical: 40 }), 20);
  near(secondsLeft({ fraction: 0.9, elapsed: 10, typical: 40 }), 1.4);
  near(secondsLeft({ fraction: 0.01, elapsed: 0.4, typical: 40 }), 39.6);
});

test("an estimate counts progress of less than two in a hundred, also of a job that is late", () => {
  assert.equal(secondsLeft({ fraction: 0.01, elapsed: 6 }), 594);
  const late = secondsLeft({ fraction: 0.01, elapsed: 60, typical: 40 });
  assert.ok(late > 1000 && late < 5940, String(late)); // it does not vanish, and earlier jobs still count
  const steps = [0.001, 0.01, 0.0199, 0.0201, 0.1, 0.5].map((fraction) => secondsLeft({ fraction, elapsed: 1000 * fraction + 5, typical: 1000 }));
  assert.deepEqual(steps, steps.toSorted((a, b) => b - a)); // at an even pace it only falls
});

test("an end that cannot be known is not made up", () => {
  assert.equal(secondsLeft({ fraction: null, elapsed: 4 }), null);
  assert.equal(secondsLeft({ fraction: 0.5, elapsed: 0.1 }), null);
  assert.equal(secondsLeft({ fraction: 0.01, elapsed: 2 }), null);
  assert.equal(secondsLeft({ fraction: 0, elapsed: 50 }), null);
  assert.equal(secondsLeft({ fraction: null, elapsed: 12, typical: 10 }), null);
  assert.equal(secondsLeft({ fraction: 1, elapsed: 12, typical: 40 }), null);
});

test("what is left falls while nothing is known but how long earlier jobs took", () => {
  for (const fraction of [null, 0, 0.001]) {
    const left = [0.1, 0.4, 0.7, 0.9].map((elapsed) => secondsLeft({ fraction, elapsed, typical: 6 }));
    assert.ok(left.every((seconds, at) => at === 0 || seconds < left[at - 1]), String(left));
  }
  assert.deepEqual([1, 3, 5].map((elapsed) => secondsLeft({ fraction: 0, elapsed, typical: 6 })), [5, 3, 1]);
});

test("a job that is far larger than earlier ones is expected so within seconds", () => {
  const left = (elapsed, typical = 8) => secondsLeft({ fraction: elapsed / 2000, elapsed, typical });
  assert.ok(left(1) > 60 && left(2) > left(1) && left(3) > left(2), String([1, 2, 3].map((elapsed) => left(elapsed)))); // no "6 s left"
  for (const elapsed of [8, 20, 60, 300, 1000, 1900]) {
    const truth = 2000 - elapsed;
    assert.ok(left(elapsed) > 0.7 * truth && left(elapsed) < 1.1 * truth, `${left(elapsed)} of ${truth}`);
  }
  assert.equal(Math.round(left(5, null)), 1995); // the first one ever
});

test("at an even pace what is left never rises, however long earlier jobs took", () => {
  for (const typical of [50, 100, 400]) {
    const steps = Array.from({ length: 95 }, (_, at) => secondsLeft({ fraction: (at + 5) / 100, elapsed: at + 5, typical }));
    assert.ok(typical < 100 || steps.every((seconds, at) => at === 0 || seconds <= steps[at - 1]), `${typical}: ${steps}`);
    assert.ok(Math.abs(steps.at(-1) - 1) < 0.5);
  }
});

test("nothing is expected of a job that waits for a person, or is held", () => {
  const job = { id: ID, state: "running", started_at: 100, typical: 10, progress: { fraction: 0.5 } };
  assert.ok(expectation(job, 105).left > 0);
  for (const held of [{ questions: [{ name: "ok" }] }, { paused: { at: 101 } }, { state: "waiting" }]) {
    assert.deepEqual(expectation({ ...job, ...held }, 105), { left: null, usual: null });
    assert.deepEqual(expectation({ ...job, progress: null, ...held }, 150), { left: null, usual: null });
  }
  assert.deepEqual(expectation({ ...job, progress: null }, 150), { left: null, usual: 10 });
  assert.equal(footText(EN, { ...job, questions: [{ name: "ok" }] }, 105, LIVE).left, "");
});

test("what is only expected is said roughly", () => {
  assert.deepEqual([0.2, 8.4, 41, 61, 3700, 9000].map(roughDuration), ["1 s", "9 s", "45 s", "2 min", "1 h 10 min", "2 h 30 min"]);
});

test("a running job tells its time, its pace and what is left", () => {
  const stage = { id: 1, name: "Pictures", total: 100, done: 20, started_at: 100 };
  const job = { id: ID, state: "running", started_at: 100, attempt: 2, progress: { fraction: 0.2, stages: [stage] } };
  assert.deepEqual(footText(EN, job, 110, LIVE), { facts: "10 s · 2.0/s · attempt 2", left: "about 40 s left" });
  assert.deepEqual(footText(EN, { ...job, attempt: 1, progress: null, typical: 5 }, 110, LIVE), { facts: "10 s", left: "usually 5.0 s" });
  assert.match(footText(EN, job, 110, { state: "reconnecting" }).facts, /^Reconnecting/);
});

test("a job that waits tells why, how many are before it, and when it starts", () => {
  const job = { id: ID, state: "ready", place: { why: "All slots are busy.", ahead: 12, starts_at: 130 } };
  assert.deepEqual(footText(EN, job, 100, LIVE), { facts: "All slots are busy · 12 jobs ahead", left: "starts in about 30 s" });
  const place = { why: "No worker offers it.", ahead: 0 };
  assert.deepEqual(footText(EN, { ...job, place }, 100, LIVE), { facts: "No worker offers it · next in line", left: "" });
  assert.deepEqual(footText(EN, { id: ID, state: "waiting", due_at: 105 }, 100, LIVE), { facts: "", left: "starts in about 5 s" });
});

test("a job that a pause holds, or no worker takes, is not next in line", () => {
  const paused = { reason: "lunch", paused_at: 90 };
  const job = { id: ID, state: "waiting", due_at: 130, paused, place: { why: "It is paused since 12:00: lunch" } };
  assert.deepEqual(footText(EN, job, 100, LIVE), { facts: "It is paused since 12:00: lunch", left: "" });
  assert.deepEqual(footText(EN, { ...job, place: undefined }, 100, LIVE), { facts: "", left: "" });
  assert.equal(footText(EN, { ...job, paused: { ...paused, until: 130 } }, 100, LIVE).left, "goes on in about 30 s");
  const unserved = { id: ID, state: "ready", place: { why: "No worker is attached", ahead: 0, served: false } };
  assert.deepEqual(footText(EN, unserved, 100, LIVE), { facts: "No worker is attached", left: "" });
  const queue = { id: ID, state: "ready", place: { why: "The queue slow is paused", ahead: 0, paused: { query: "queue:slow" } } };
  assert.deepEqual(footText(EN, queue, 100, LIVE), { facts: "The queue slow is paused", left: "" });
});

test("after a lost connection no end is expected before the job says again how far it is", async () => {
  const { router, bahn, feed, watch } = await reading();
  const job = { id: ID, state: "running", number: 2, started_at: 100, progress: { fraction: 0.14 } };
  const left = () => footText(EN, feed.job, 125, LIVE, feed.isOutdated).left;
  watch.progress({ snapshot: job });
  assert.equal(left(), "about 3 min left");
  router.sessions[0].lose();
  watch.reject(connectionLost());
  const again = await router.call(2);
  again.progress({ snapshot: job });
  assert.equal(left(), "");
  again.progress({ events: [event(2, "progress", { fraction: 0.8 })] });
  assert.equal(left(), "about 7 s left");
  bahn.close();
});

test("a job that a later session may not see stops its times, and comes back", async () => {
  const { router, bahn, feed, watch } = await reading();
  const refused = new TaskbahnError("there is no job", "taskbahn.error.unknown_job");
  const problems = [];
  readJob(bahn, ID, { onChange: () => {}, onProblem: ({ uri }) => problems.push(uri) });
  const job = { id: ID, state: "running", number: 2, started_at: 100, progress: { fraction: 0.14 } };
  watch.progress({ snapshot: job });
  assert.equal(feed.silentSince, null);
  router.sessions[0].lose();
  const lostAt = feed.silentSince;
  assert.ok(Math.abs(lostAt - Date.now() / 1000) < 5, "while the connection is gone its times stand still");
  watch.reject(connectionLost());
  for (const count of [2, 3]) {
    (await router.call(count)).reject(refused);
    while (!feed.problem) await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.deepEqual([feed.problem, feed.silentSince, feed.job.state], [refused, lostAt, "running"]);
    router.sessions.at(-1).lose();
  }
  assert.deepEqual(problems, ["taskbahn.error.unknown_job"]); // the page hears once why
  (await router.call(4)).progress({ snapshot: job });
  assert.deepEqual([feed.problem, feed.silentSince], [null, null]);
  bahn.close();
});

test("a job that ended tells how long it took, and why it failed", () => {
  const job = { id: ID, state: "failed", started_at: 100, finished_at: 101.5, error: { type: "ValueError", message: "no picture" } };
  assert.equal(footText(EN, job, 200, LIVE).facts, "took 1.5 s · ValueError: no picture");
  assert.equal(stateText(EN, null, "connecting", true), "connecting…");
  assert.equal(stateText(EN, null, "live", false), "no job yet");
});

test("a feed keeps view and log, and lets no old state undo the snapshot", async () => {
  const { bahn, feed, watch, heard } = await reading();
  watch.progress({ snapshot: { id: ID, state: "running", number: 4, progress: { fraction: 0.5 } } });
  watch.progress({ events: [event(1, "state", { state: "ready" }), event(2, "log", { message: "a" }), event(4, "state", { state: "running" })] });
  assert.equal(feed.job.state, "running");
  watch.progress({ events: [event(5, "log", { message: "b" }), event(5, "progress", { fraction: 0.75 })] });
  watch.progress({ place: { why: "never mind" } });
  assert.deepEqual(feed.lines.map(({ data }) => data.message), ["a", "b"]);
  assert.equal(feed.job.progress.fraction, 0.75);
  assert.deepEqual(heard, [0.5, 0.75]);
  bahn.close();
});

test("elements that show one job share one watch, and the last that leaves ends it", async () => {
  const { router, bahn, feed, leave, watch } = await reading();
  const other = readJob(bahn, ID, { onChange: () => {} });
  assert.equal(other.feed, feed);
  leave();
  assert.equal(watch.mode, undefined);
  other.leave();
  assert.equal(watch.mode, "killnowait");
  assert.notEqual(readJob(bahn, ID, { onChange: () => {} }).feed, feed);
  assert.equal(router.calls.length, 1); // the next watch begins in its own time
  await router.call(2);
  bahn.close();
});

/** Read a job that has just failed, on a router whose topics can be spoken to; *ask* is the call that asks for it once more. */
async function failed() {
  const read = await reading();
  const [session] = read.router.sessions;
  session.subscribe = async (topic, handler) => (session.topics.push([topic, handler]), () => session.topics.splice(0));
  read.watch.progress({ snapshot: { id: ID, state: "running", number: 1 } });
  read.watch.resolve({ id: ID, state: "failed", number: 2 });
  return { ...read, session, ask: await read.router.call(2) };
}

/** A job that was retried is watched once more and succeeds. */
async function succeeds({ router, heard }, calls) {
  const watch = await router.call(calls);
  assert.equal(watch.procedure, "taskbahn.job.watch");
  watch.resolve({ id: ID, state: "succeeded", number: 5 });
  while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(heard, ["failed", "succeeded"]);
}

test("who comes after the end hears of it, and a retry begins the watch again", async () => {
  const { router, bahn, heard, session, ask } = await failed();
  assert.equal(ask.procedure, "taskbahn.job.get");
  ask.resolve({ id: ID, state: "failed" });
  const late = [];
  readJob(bahn, ID, { onChange: () => {}, onEnd: ({ state }) => late.push(state) });
  await Promise.resolve();
  assert.deepEqual([heard, late], [["failed"], ["failed"]]);
  const [[topic, tell]] = session.topics;
  assert.equal(topic, `taskbahn.job.${ID}`);
  tell([event(3, "state", { state: "ready" })]);
  assert.deepEqual(session.topics, []); // the watch tells all the rest
  await succeeds({ router, heard }, 3);
  bahn.close();
});

test("a retry that came before the topic was heard begins the watch again", async () => {
  const { router, bahn, heard, ask } = await failed();
  ask.resolve({ id: ID, state: "ready" });
  await succeeds({ router, heard }, 3);
  bahn.close();
});

test("a retry while there was no connection begins the watch again", async () => {
  const { router, bahn, heard, session, ask } = await failed();
  ask.resolve({ id: ID, state: "failed" });
  session.lose();
  const next = await router.call(3);
  assert.deepEqual([next.procedure, router.sessions[1].topics], ["taskbahn.job.get", [`taskbahn.job.${ID}`]]);
  next.resolve({ id: ID, state: "running" });
  await succeeds({ router, heard }, 4);
  bahn.close();
});

test("who leaves an ended job asks no more for its retry", async () => {
  const { router, bahn, leave, session, ask } = await failed();
  leave();
  assert.deepEqual(session.topics, []);
  ask.resolve({ id: ID, state: "ready" });
  session.lose();
  while (router.sessions.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  await bahn.connection.session();
  assert.deepEqual([router.calls.length, router.sessions[1].topics], [2, []]);
  bahn.close();
});

test("a feed keeps the newest lines and counts what it gives up", async () => {
  const { bahn, feed, watch } = await reading();
  watch.progress({ snapshot: { id: ID, state: "running", number: 0 } });
  const lines = Array.from({ length: MAX_LINES + 2000 }, (_, index) => event(index + 1, "log", { message: String(index) }));
  watch.progress({ events: lines });
  assert.equal(feed.lines.length, MAX_LINES);
  assert.equal(feed.dropped, 2000);
  assert.equal(feed.lines[0].data.message, "2000");
  bahn.close();
});
