import assert from "node:assert/strict";
import { test } from "node:test";

import { drawInFrame, drawPromptly } from "../../web/taskbahn_web/static/app/core/frame.js";
import { Selection } from "../../web/taskbahn_web/static/app/core/selection.js";
import { jobSpans } from "../../web/taskbahn_web/static/app/charts/spans.js";
import { completeQuery, suggest } from "../../web/taskbahn_web/static/app/data/suggest.js";
import { applyEvent, isComplete } from "../../web/taskbahn_web/static/shared/job-view.js";
import { deadlineText } from "../../web/taskbahn_web/static/app/text/deadline-text.js";
import { splitTraceback } from "../../web/taskbahn_web/static/app/text/traceback.js";

test("frames of libraries fold, the user's own do not", () => {
  const own = '  File "/home/me/photos.py", line 3, in resize\n    return open(path)';
  const library = '  File "/venv/lib/python3.11/site-packages/PIL/Image.py", line 9, in open\n    raise Error\n    ~~~~~^^^^';
  const text = ["Traceback (most recent call last):", own, library, library, "Error: no picture"].join("\n");
  const runs = splitTraceback(text);
  assert.deepEqual(runs.map(({ frames, isFolded }) => [frames, isFolded]), [[1, false], [2, true], [0, false]]);
  assert.equal(runs.map((run) => run.text).join("\n"), text);
  assert.equal(splitTraceback(["Traceback:", library, "Error"].join("\n")).length, 1, "something must be seen");
});

test("a job has no result before the view that comes with its outcome, not even null", () => {
  const running = { id: "j", task: "t", queue: "q", state: "running", created_at: 10, attempt: 1, result: null, kept_until: null };
  const event = (state) => ({ job: "j", number: 2, kind: "state", at: 20, data: { state, attempt: 1 } });
  const ended = applyEvent(running, event("succeeded"));
  const whole = { ...ended, kept_until: 99, result: [1] };
  const again = applyEvent(whole, event("running"));
  assert.deepEqual([running, ended, whole, again, applyEvent(again, event("succeeded"))].map(isComplete), [false, false, true, false, false]);
});

test("a job's life is the wait, the runs and the pauses between", () => {
  const attempts = [
    { attempt: 1, worker: "a", started_at: 12, ended_at: 13, outcome: "error" },
    { attempt: 2, worker: "b", started_at: 20 },
  ];
  const { spans, start, end } = jobSpans({ id: "j", task: "t", queue: "q", state: "running", created_at: 10, attempt: 2, attempts }, 25);
  assert.deepEqual([start, end], [10, 25]);
  assert.deepEqual(
    spans.map(({ attempt, from, started_at, ended_at, state }) => [attempt, from, started_at, ended_at, state]),
    [[1, 10, 12, 13, "error"], [2, 13, 20, 25, "running"]],
  );
});

test("a job that waits has a span without a run, and one that never ran has nothing else", () => {
  const job = { id: "j", task: "t", queue: "q", created_at: 10, attempt: 1 };
  const attempts = [{ attempt: 1, worker: "a", started_at: 11, ended_at: 12, outcome: "error" }];
  assert.deepEqual(jobSpans({ ...job, state: "waiting", attempts }, 15).spans.at(-1), { attempt: 2, from: 12, started_at: null, ended_at: 15, state: "waiting", worker: "" });
  const { spans, end } = jobSpans({ ...job, attempt: 0, state: "cancelled", finished_at: 14 }, 99);
  assert.deepEqual([spans.length, spans[0].attempt, spans[0].state, end], [1, 0, "cancelled", 14]);
});

test("what may follow in the query bar fits what is being written", () => {
  const known = { task: ["images.thumbnail", "mail.send"], queue: ["slow"] };
  const texts = (text) => suggest(text, text.length, known).map((each) => each.text);
  assert.deepEqual(texts("st"), ["state:"]);
  assert.deepEqual(texts("state:failed,e"), ["state:failed,expired"]);
  assert.ok(!texts("state:failed ").includes("state:"), "each key may be given once");
  assert.deepEqual(texts("thumb"), ["task:images.thumbnail"]);
  assert.deepEqual(texts("task:MAIL"), ["task:mail.send"]);
  assert.deepEqual(texts("queue:"), ["queue:slow"]);
});

test("a suggestion takes the place of the word at the caret", () => {
  const state = { text: "state:failed", note: "", isWhole: true };
  assert.deepEqual(completeQuery("sta task:a", 2, state), { text: "state:failed task:a", caret: 13 });
  assert.deepEqual(completeQuery("task:a ", 7, { text: "queue:", note: "", isWhole: false }), { text: "task:a queue:", caret: 13 });
});

test("a selection knows ranges, and acts on the current job if nothing is selected", () => {
  const ids = ["a", "b", "c", "d"];
  const rows = { count: 4, indexOf: (id) => ids.indexOf(id), slice: (first, last) => ids.slice(first, last).map((id) => ({ entry: { job: { id } } })) };
  const selection = new Selection(rows);
  const moved = [];
  selection.onMove((index) => moved.push(index));
  for (const by of [1, 1, 1, -1, 9]) selection.move(by);
  assert.deepEqual([moved, selection.meant], [[0, 1, 2, 1, 3], ["d"]]);
  selection.click("d");
  selection.click("b", true);
  assert.deepEqual(selection.meant.sort(), ["b", "c", "d"]);
  selection.click("c");
  assert.deepEqual(selection.ids.sort(), ["b", "d"]);
});

test("many wishes are one drawing, and the next wish another", () => {
  const frames = [];
  let drawn = 0;
  const wish = drawInFrame(() => drawn++, (callback) => frames.push(callback));
  wish();
  wish();
  frames.shift()();
  wish();
  assert.deepEqual([drawn, frames.length], [1, 1]);
});

test("a page draws the first change at once, and leaves half of its time to what comes in", () => {
  let now = 0;
  const timers = []; // [time, callback], in order
  const later = (callback, milliseconds) => timers.push([now + milliseconds, callback]);
  const pass = (until) => {
    for (; timers.length && timers[0][0] <= until; timers.sort(([a], [b]) => a - b)) {
      const [at, callback] = timers.shift();
      now = Math.max(now, at);
      callback();
    }
    now = Math.max(now, until);
  };
  const began = [];
  const draw = () => {
    began.push(now);
    now += 100; // a slow browser
  };
  const wish = drawPromptly(draw, { now: () => now, isHidden: () => false, nextFrame: (callback) => later(callback, 16), later });
  for (let count = 0; count < 1000; count++) {
    wish(); // a message each millisecond, whenever the browser comes to read it
    pass(now + 1);
  }
  assert.equal(began[0], 0);
  const pauses = began.slice(1).map((begin, at) => begin - began[at]);
  assert.ok(pauses.every((pause) => pause >= 200 && pause <= 240), `${pauses}`);
  pass(now + 1000);
  const last = began.length;
  wish();
  assert.equal(began.length, last + 1, "after a pause at once");
});

test("a deadline is a day and a time, with what is left of it until the job has ended", () => {
  const texts = [["waiting", 5], ["running", 3_725.5], ["running", 0], ["ready", -1], ["failed", -1], ["succeeded", 60]].map(([state, left]) =>
    deadlineText({ state, deadline: 1_000_000 + left }, 1_000_000).replace(/^.*\d:\d\d[^,]*/, "…"),
  );
  assert.deepEqual(texts, ["…, 5 s left", "…, 1 h 02 min left", "…, its time is over", "…, its time is over", "…", "…"]);
  assert.equal(deadlineText({ state: "running" }, 1_000_000), "");
});
