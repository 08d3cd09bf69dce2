import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { matches, parseQuery } from "../../web/taskbahn_web/static/app/data/query.js";
import { exact, matchesPattern, quote, splitWords } from "../../web/taskbahn_web/static/app/data/query-words.js";

process.env.TZ = "UTC"; // what the times of the file are in
const { now, good, bad } = JSON.parse(readFileSync(new URL("../support/queries.json", import.meta.url), "utf8"));

test("every query of the shared file means what it says there", () => {
  for (const [text, wanted] of good) {
    const query = parseQuery(text, now);
    assert.equal(query.problem, null, text);
    assert.deepEqual(query.wanted, wanted, text);
  }
});

test("every mistake of the shared file is found at its word, and said in sentences", () => {
  for (const [text, word] of bad) {
    const { problem } = parseQuery(text, now);
    assert.equal(problem?.text, word, text);
    assert.equal(text.slice(problem.start, problem.start + word.length), word, text);
    assert.match(problem.why, /^[A-Z“].*[.a-z0-9*:]$/, text);
  }
});

test("a mistake says what is possible", () => {
  assert.match(parseQuery("state:broken").problem.why, /no state “broken”.*waiting, ready, running/);
  assert.match(parseQuery("stat:failed").problem.why, /no “stat:”.*state: task: queue:/);
  assert.match(parseQuery("since:1w").problem.why, /“1w” is no time.*1h 2d/);
});

test("words have their positions", () => {
  const placed = splitWords(" a  tag:'b c'd \"e").map(({ text, start, isOpen }) => [text, start, isOpen]);
  assert.deepEqual(placed, [["a", 1, false], ["tag:'b c'd", 4, false], ["\"e", 15, true]]);
});

test("a quoted name matches itself alone", () => {
  for (const name of ["nightly weird", "it's", "a*b", "[*]", "*", "a\nb", "'", "''", "größe", "a:b", "\\", "[", "a b*"]) {
    const { wanted, problem } = parseQuery(`tag:${quote(name)} state:failed`);
    assert.equal(problem, null, name);
    assert.equal(wanted.tag, exact(name));
    assert.equal(matchesPattern(name, wanted.tag), true, name);
    assert.equal(matchesPattern(name.replace("*", "xx").replace(" ", "x") + "x", wanted.tag), false, name);
  }
});

test("in a pattern a star in brackets is a star", () => {
  for (const [pattern, fitting, others] of [["a[*]b", ["a*b"], ["a[*]b", "axb"]], ["[[*]]", ["[*]"], ["*"]], ["a[*]b*", ["a*b", "a*bc"], ["ab"]], ["[**]", ["[x]", "[]"], ["*"]]]) {
    for (const text of fitting) assert.equal(matchesPattern(text, pattern), true, `${text} ${pattern}`);
    for (const text of others) assert.equal(matchesPattern(text, pattern), false, `${text} ${pattern}`);
  }
});

test("a job matches all words, or not, or what is known of it does not tell", () => {
  const job = { state: "failed", task: "images.thumbnail", queue: "slow", worker: "w1", tags: ["user:42", "b"], created_at: 100 };
  const verdict = (text, changes = {}) => matches({ ...job, ...changes }, parseQuery(text).wanted);
  assert.equal(verdict(""), true);
  assert.equal(verdict("thumb state:failed,expired queue:slow tag:user:* worker:w1"), true);
  assert.equal(verdict("task:images"), false);
  assert.equal(verdict("task:images.*.x"), false);
  assert.equal(verdict("tag:user"), false);
  assert.equal(verdict("tag:b", { tags: undefined }), null);
  assert.equal(verdict("tag:b state:running", { tags: undefined }), false);
  assert.equal(verdict("worker:w*", { worker: null }), false);
  assert.equal(verdict("caller:schedule:*", { caller: "schedule:nightly" }), true);
  assert.equal(verdict("caller:schedule:*", { caller: null }), false);
  assert.equal(verdict("caller:schedule:*"), null);
  assert.equal(verdict("error:0123456789ab"), null);
  assert.equal(verdict("error:0123456789ab", { state: "running" }), false);
  assert.equal(matches(job, { since: 100 }), true);
  assert.equal(matches(job, { until: 100 }), false);
  assert.equal(matches({ task: "a.b" }, { task: "a*" }), true);
  assert.equal(matches({ task: "a+b" }, { task: "a.b" }), false);
});
