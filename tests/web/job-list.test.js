import assert from "node:assert/strict";
import { test } from "node:test";

import { applyChange } from "../../web/taskbahn_web/static/app/data/apply-change.js";
import { JobPages } from "../../web/taskbahn_web/static/app/data/job-pages.js";
import { JobWindow } from "../../web/taskbahn_web/static/app/data/job-window.js";
import { isSliding, parseQuery } from "../../web/taskbahn_web/static/app/data/query.js";
import { knownTotal, totalText } from "../../web/taskbahn_web/static/app/text/job-total.js";

/** Job number *n* of a store: the higher the newer. */
const job = (n, changes = {}) => ({ id: `j${n}`, task: "a", queue: "q", state: "running", attempt: 1, created_at: n, tags: [], ...changes });
const range = (newest, count) => Array.from({ length: count }, (_, index) => job(newest - index));
const shown = (pages) => pages.slice(0, pages.count).map(({ entry }) => entry?.job.id ?? "-");
const always = () => true;
const sameState = (state) => (each) => each.state === state;

function filled(newest = 10, count = 5, next = 6) {
  const pages = new JobPages();
  pages.reset({ jobs: range(newest, count), next });
  return pages;
}

test("pages follow one another, and know the position of each job", () => {
  const pages = filled();
  pages.append({ jobs: range(5, 3), next: null });
  assert.deepEqual(shown(pages), ["j10", "j9", "j8", "j7", "j6", "j5", "j4", "j3"]);
  assert.equal(pages.indexOf("j4"), 6);
  assert.equal(pages.indexOf("j1"), -1);
  assert.deepEqual(pages.slice(4, 6).map(({ index, entry }) => [index, entry.job.id]), [[4, "j6"], [5, "j5"]]);
});

test("an end that has no jobs takes none away", () => {
  const pages = filled();
  pages.append({ jobs: range(5, 5), next: 1 });
  pages.append({ jobs: [], next: null }); // older jobs were looked at, and none of them matches
  assert.equal(shown(pages).length, 10);
  assert.deepEqual([pages.count, pages.loaded, pages.next], [10, 10, null]);
  assert.equal(pages.slice(8, 10).length, 2);
});

test("a change moves a row, brings a new one to its place, and takes one away that matches no more", () => {
  const pages = filled();
  assert.equal(pages.take({ id: "j9", progress: { fraction: 0.5 } }, always, false), "changed");
  assert.equal(pages.entry("j9").job.progress.fraction, 0.5);
  pages.take(job(11), always, false);
  pages.take(job(8.5), always, false);
  pages.take({ id: "j7", state: "succeeded" }, sameState("running"), false);
  assert.deepEqual(shown(pages), ["j11", "j10", "j9", "j8.5", "j8", "j6"]);
  assert.equal(pages.take(job(2), always, false), "", "it belongs to jobs that were not asked for yet");
});

test("a list that is held still neither gets nor loses rows", () => {
  const pages = filled();
  assert.equal(pages.take(job(11), always, true), "fresh");
  pages.take({ id: "j9", state: "failed" }, sameState("running"), true);
  assert.deepEqual(shown(pages), ["j10", "j9", "j8", "j7", "j6"]);
  assert.deepEqual([pages.entry("j9").isGone, pages.entry("j9").job.state], [true, "failed"]);
});

test("rows that match no more are counted, and go when the reader asks for it", () => {
  const pages = filled();
  for (const id of ["j9", "j7"]) pages.take({ id, state: "failed" }, sameState("running"), true);
  assert.deepEqual([pages.count, pages.gone], [5, 2]);
  pages.take({ id: "j7", state: "running" }, sameState("running"), true); // it came back
  assert.equal(pages.gone, 1);
  pages.sweep();
  assert.deepEqual([shown(pages), pages.count, pages.gone], [["j10", "j8", "j7", "j6"], 4, 0]);
  pages.take({ id: "j8", state: "failed" }, sameState("running"), true);
  pages.put(pages.pages[0], { jobs: [job(10)], next: null }, true);
  assert.equal(pages.gone, 3);
  pages.reset({ jobs: [], next: null });
  assert.equal(pages.gone, 0);
});

test("a count is what the node counts anyway, or how many rows are known", () => {
  const counts = () => ({ running: 2, failed: 372, succeeded: 20_000 });
  assert.equal(knownTotal({ state: ["failed"] }, counts), 372);
  assert.equal(knownTotal({ state: ["failed", "running", "expired"] }, counts), 374);
  assert.equal(knownTotal({}, counts), 20_374);
  assert.equal(knownTotal({ state: ["failed"], task: "a" }, counts), null);
  assert.equal(knownTotal({}, () => undefined), null);
  assert.equal(totalText({ count: 100, gone: 0, next: 5 }, 372), "372 jobs");
  assert.equal(totalText({ count: 100, gone: 0, next: 5 }, null), "more than 100 jobs");
  assert.equal(totalText({ count: 100, gone: 99, next: null }, 372), "1 job");
  assert.equal(totalText({ count: 1200, gone: 1200, next: 5 }, 0), "0 jobs");
  assert.equal(totalText({ count: 400, gone: 400, next: 5 }, null), "no job so far; older ones may match");
});

test("the answer to a page's cursor brings it up to date, and what follows becomes a page of its own", () => {
  const pages = filled(10, 5, null);
  pages.put(pages.pages[0], { jobs: [job(12), job(11), job(10), job(8)], next: 80 }, false);
  assert.deepEqual(shown(pages), ["j12", "j11", "j10", "j8", "j7", "j6"]); // j9 is not there any more
  assert.deepEqual(pages.pages.map(({ before, count, isOld }) => [before, count, isOld]), [[null, 4, false], [80, 2, true]]);
  pages.put(pages.pages[1], { jobs: [], next: null }, false);
  assert.deepEqual([shown(pages).length, pages.count, pages.loaded], [4, 4, 4]);
});

test("an empty answer that goes on takes nothing away", () => {
  const pages = filled();
  pages.put(pages.pages[0], { jobs: [], next: 3 }, false);
  assert.equal(pages.count, 5);
});

test("what is far away is forgotten, keeps its room, and comes back", () => {
  const pages = filled();
  for (let start = 5; start > -90; start -= 5) pages.append({ jobs: range(start, 5), next: start - 4 });
  assert.equal(pages.count, 100);
  pages.forget(20, 97);
  assert.equal(pages.loaded, 20);
  assert.deepEqual([pages.count, shown(pages)[0], shown(pages).at(-1)], [100, "-", "j-89"]);
  pages.put(pages.pages[0], { jobs: range(20, 3), next: 17 }, false);
  assert.deepEqual(shown(pages).slice(0, 6), ["j20", "j19", "j18", "-", "-", "-"]);
  assert.equal(pages.count, 100);
  pages.trim(50);
  assert.deepEqual([pages.count <= 50, typeof pages.next], [true, "number"]);
});

test("a change that begins the job again clears its earlier end", () => {
  const failed = job(1, { state: "failed", finished_at: 5, error: { message: "no" }, progress: { fraction: 1 }, worker: "w" });
  const ready = applyChange(failed, { id: "j1", state: "ready" });
  assert.deepEqual([ready.finished_at, ready.error, ready.worker], [null, null, null]);
  const running = applyChange(ready, { id: "j1", state: "running", attempt: 2, worker: "v" });
  assert.deepEqual([running.progress, running.worker, running.attempt], [null, "v", 2]);
});

/** A node with a store of jobs, and the screen. */
function stage(store, q = "", scan = () => null) {
  const [asked, frames, listeners] = [[], [], []];
  const ask = async (_procedure, _args, { before = Infinity, limit }) => {
    asked.push(before === Infinity ? null : before);
    const found = store.filter(({ created_at }) => created_at < before);
    return { jobs: found.slice(0, limit), next: found.length > limit ? found[limit - 1].created_at : scan() };
  };
  const source = { bahn: { ask }, onChanges: (listener) => (listeners.push(listener), () => {}), onLive: (action) => (action(), () => {}) };
  const list = new JobWindow(parseQuery(q).wanted, source, (draw) => frames.push(draw));
  const stop = list.open();
  const draw = () => frames.splice(0).forEach((frame) => frame());
  const quiet = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { list, asked, stop, draw, frames, quiet, publish: (changes, isCut = changes.length >= 500) => listeners.forEach((listener) => listener(changes, isCut)) };
}

test("changes of one frame are one drawing", async () => {
  const { list, stop, draw, frames, quiet, publish } = stage(range(10, 5));
  await quiet();
  draw();
  const before = list.version.value;
  for (let index = 0; index < 40; index++) publish([{ id: "j9", progress: { fraction: index / 40 } }]);
  assert.equal(frames.length, 1);
  draw();
  assert.equal(list.version.value, before + 1);
  stop();
});

test("more is asked for only near the end", async () => {
  const { list, asked, stop, quiet } = stage(range(1000, 1000));
  await quiet();
  list.see(0, 30, true);
  await quiet();
  assert.deepEqual(asked, [null]);
  list.see(60, 90, false);
  await quiet();
  assert.deepEqual(asked, [null, 901]);
  stop();
});

test("what may have changed unheard is asked for again, at a bounded pace, and a job that is gone goes", async () => {
  const store = range(1000, 1000);
  const { list, asked, stop, quiet, publish } = stage(store);
  await quiet();
  list.see(0, 30, true);
  store.splice(3, 1); // j997
  const full = Array.from({ length: 500 }, (_, index) => ({ id: `j${1000 - index}`, progress: { fraction: 0.1 } }));
  for (let message = 0; message < 10; message++) publish(full);
  await quiet();
  assert.deepEqual(asked, [null, null]);
  assert.equal(list.pages.indexOf("j997"), -1);
  stop();
});

test("new jobs are held back while the reader is further down, and come in afterwards", async () => {
  const store = range(300, 300);
  const { list, stop, draw, quiet, publish } = stage(store);
  await quiet();
  list.see(20, 50, false);
  store.unshift(job(301));
  publish([job(301)]);
  draw();
  assert.deepEqual([list.held.value, list.pages.indexOf("j301")], [1, -1]);
  list.see(0, 30, true);
  await quiet();
  draw();
  assert.deepEqual([list.held.value, list.pages.indexOf("j301")], [0, 0]);
  stop();
});

test("where only the node knows whether a job matches, the page asks", async () => {
  const { list, asked, stop, quiet, publish } = stage(range(10, 3), "tag:x");
  await quiet();
  list.see(0, 10, true);
  publish([{ id: "j11", task: "a", state: "running", created_at: 11 }]);
  await quiet();
  assert.equal(asked.length, 2);
  publish([{ id: "j8", progress: { fraction: 1 } }]);
  await quiet();
  assert.equal(asked.length, 2);
  stop();
});

test("an empty answer that goes on is asked on, until it says which rows are gone", async () => {
  const store = range(300, 100);
  let rest = 0; // answers that find nothing and go on: each looks at a bounded number of rows
  const { list, asked, stop, quiet, publish } = stage(store, "state:running", () => (rest-- > 0 ? rest + 1 : null));
  await quiet();
  list.see(0, 30, true);
  await quiet();
  store.length = 0; // all were retried
  rest = 3;
  const full = Array.from({ length: 500 }, (_, index) => ({ id: `k${index}`, state: "ready" }));
  publish(full);
  await quiet();
  assert.deepEqual(asked, [null, null, 3, 2, 1]);
  assert.equal(list.pages.count, 0);
  stop();
});

test("a span that ends now moves on: jobs leave it without a change of them", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let now = 1000;
  const source = { bahn: { ask: async () => ({ jobs: [job(995), job(990), job(985)], next: null }) }, onChanges: () => () => {}, onLive: (action) => (action(), () => {}) };
  const list = new JobWindow(() => parseQuery("since:20s", now).wanted, source, (draw) => draw());
  const stop = list.open();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(list.pages.count, 3);
  now = 1008;
  context.mock.timers.tick(1000);
  assert.deepEqual(shown(list.pages), ["j995", "j990"]);
  list.see(1, 3, false); // held still: it stays, in grey
  now = 1012;
  context.mock.timers.tick(1000);
  assert.deepEqual([shown(list.pages).length, list.pages.entry("j990").isGone], [2, true]);
  stop();
});

test("a list that is opened again keeps its rows and catches up", async () => {
  const store = range(300, 150);
  const { list, asked, stop, quiet } = stage(store);
  await quiet();
  list.see(0, 30, true);
  await quiet();
  stop();
  const before = asked.length;
  const again = list.open();
  assert.equal(list.pages.count, 100);
  await quiet();
  assert.ok(asked.length > before);
  again();
});

test("only a span that is said as an age moves with the time", () => {
  assert.deepEqual(["since:30s", "state:failed until:5m", "since:2026-11-21", "tag:since:5m", "", "since:'1h'"].map(isSliding), [true, true, false, false, false, true]);
});

/** Numbers that look random, the same for the same seed. */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const MOST_CHANGES = 12; // in one message of the node of the test
const STATES = ["ready", "running", "failed", "succeeded"];

/** A node whose answers, each as old as its reading, and messages arrive when the test says so; in the order in which they left. */
function slowNode(roll) {
  const jobs = []; // newest first
  let [changed, number, at] = [new Map(), 0, 0];
  const note = (one) => {
    changed.delete(one.id);
    changed.set(one.id, one);
    if (changed.size > MOST_CHANGES) changed.delete(changed.keys().next().value);
  };
  const read = ({ state, before = Infinity, limit }) => {
    const [found, looked] = [[], jobs.filter(({ seq }) => seq < before)];
    const depth = 1 + roll(2 * limit); // a question looks at a bounded number of rows
    for (const [index, one] of looked.entries()) {
      if (found.length === limit || index === depth) return { jobs: found, next: looked[index - 1].seq };
      if (state.includes(one.state)) found.push({ ...one });
    }
    return { jobs: found, next: null };
  };
  const open = [];
  return {
    jobs,
    ask: (_procedure, _args, question) => new Promise((resolve) => open.push({ question, resolve })),
    add() {
      at += roll(3) === 0 ? 1 : 0; // many are accepted in the same moment
      const one = { id: `n${++number}`, seq: number, created_at: at, state: "ready", attempt: 1 };
      jobs.unshift(one);
      note(one);
    },
    move() {
      const one = jobs[roll(jobs.length)];
      if (!one) return;
      one.state = STATES[roll(4)];
      note(one);
    },
    /** The node reads the oldest open question; its answer arrives later. */
    read: () => open[0] && !open[0].answer && (open[0].answer = read(open[0].question)),
    answer() {
      if (!open[0]) return false;
      const { question, answer = read(question), resolve } = open.shift();
      resolve(answer);
      return true;
    },
    message(publish) {
      const isCut = changed.size >= MOST_CHANGES;
      const page = [...changed.values()].map(({ id, state, attempt, created_at }) => ({ id, state, attempt, created_at }));
      changed = new Map();
      publish(page, isCut);
      return page.length > 0;
    },
  };
}

test("whatever comes while an answer is on its way, the list at rest is what the store has", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1e9 });
  for (let seed = 1; seed <= 80; seed++) {
    const roll = dice(seed);
    const node = slowNode(roll);
    for (let index = roll(700); index > 0; index--) node.add();
    for (let index = roll(900); index > 0; index--) node.move();
    const listeners = [];
    const source = { bahn: { ask: node.ask }, onChanges: (listener) => (listeners.push(listener), () => {}), onLive: (action) => (action(), () => {}) };
    const list = new JobWindow({ state: ["ready", "running", "failed"] }, source, (draw) => draw());
    const publish = (changes, isCut) => listeners.forEach((listener) => listener(changes, isCut));
    const stop = list.open();
    const quiet = async () => {
      for (let turn = 0; turn < 12; turn++) await Promise.resolve();
    };
    let sight = 0;
    const steps = [
      () => node.add(), () => node.move(), () => node.read(), () => node.answer(), () => node.message(publish),
      () => { for (let index = roll(60); index > 0; index--) node.move(); },
      () => { sight = seed % 2 ? 0 : roll(list.pages.count + 1); list.see(sight, sight + 30, sight === 0); },
      () => context.mock.timers.tick(roll(1500)),
    ];
    for (let step = 0; step < 60; step++) {
      steps[roll(steps.length)]();
      await quiet();
    }
    const rest = async () => {
      for (let turn = 0; turn < 400; turn++) {
        const isBusy = node.message(publish);
        const isAnswered = node.answer();
        await quiet();
        context.mock.timers.tick(1100);
        await quiet();
        if (!isBusy && !isAnswered && turn > 5) return;
      }
      assert.fail(`seed ${seed}: the list never rests`);
    };
    await rest();
    const byId = new Map(node.jobs.map(({ id, state }) => [id, state]));
    const isAlone = ({ created_at: at }) => node.jobs.filter(({ created_at }) => created_at === at).length === 1;
    for (const { entry } of list.pages.slice(sight, sight + 30).filter((row) => isAlone(row.entry.job))) {
      const [state, isGone] = [byId.get(entry.job.id), byId.get(entry.job.id) === "succeeded"];
      assert.deepEqual([isGone || entry.job.state, entry.isGone], [isGone || state, isGone], `seed ${seed}, held still`);
    }
    list.see(0, 30, true);
    await rest();
    const truth = () => node.jobs.filter(({ state }) => state !== "succeeded").map(({ id, state }) => `${id} ${state}`);
    for (let first = 0; first <= list.pages.count; first += 25) {
      list.see(first, first + 30, true); // as one that scrolls without a list held still
      await rest();
      const rows = list.pages.slice(first, first + 30).map(({ entry }) => entry && `${entry.job.id} ${entry.job.state}`);
      assert.deepEqual(rows, truth().slice(first, first + rows.length), `seed ${seed}, rows from ${first}`);
    }
    assert.deepEqual([list.pages.count, list.pages.loaded, list.pages.gone], [truth().length, truth().length, 0], `seed ${seed}`);
    stop();
  }
});
