import assert from "node:assert/strict";
import { test } from "node:test";

import { PAGES } from "../../web/taskbahn_web/static/app/shell/page-table.js";
import {
  changeText, fullness, isLimitMatch, isOverridden, keyText, pausedText, splitAt, usedText, valueOf, waitingText, whenFullText,
} from "../../web/taskbahn_web/static/app/text/limit-text.js";

const BANK = { name: "bank", kind: "rate", declared: "4/h burst=3", tasks: ["orders.charge", "orders.refund"], template: "{customer}" };

test("an override holds instead of the declaration, also if it is 0", () => {
  assert.deepEqual([valueOf(BANK), isOverridden(BANK)], ["4/h burst=3", false]);
  assert.deepEqual([valueOf({ ...BANK, override: "9/h" }), isOverridden({ ...BANK, override: "9/h" })], ["9/h", true]);
  const gpu = { name: "gpu", kind: "concurrency", declared: 3, override: 0 };
  assert.deepEqual([valueOf(gpu), isOverridden(gpu)], [0, true]);
  assert.equal(isOverridden({ ...gpu, override: null }), false);
});

test("what a limit does with a job that finds it full is said, unless the job waits", () => {
  assert.deepEqual([whenFullText(BANK), whenFullText({ ...BANK, when_full: "wait" })], ["", ""]);
  assert.equal(whenFullText({ ...BANK, when_full: "cancel_oldest" }), "cancels the oldest job");
});

test("a change is said in a sentence", () => {
  assert.equal(changeText({ ...BANK, override: "9/h" }), "bank is 9/h instead of 4/h burst=3.");
  assert.equal(changeText(BANK), "bank is 4/h burst=3, as declared.");
  assert.equal(changeText({ name: "gpu", kind: "concurrency", declared: 0, override: 4000 }), "gpu is 4,000 instead of 0.");
});

test("a key is shown by its values, and what is no plain text as JSON", () => {
  assert.equal(keyText('["acme"]'), "acme");
  assert.equal(keyText('["acme","eu west"]'), "acme · eu west");
  assert.equal(keyText('["",7,null,true]'), '"" · 7 · null · true');
  assert.equal(keyText(""), "");
  assert.equal(keyText(), "");
});

test("use is a share of the capacity, and a limit that allows nothing is full", () => {
  assert.equal(fullness({ used: 1, capacity: 4 }), 0.25);
  assert.equal(fullness({ used: 5, capacity: 4 }), 1);
  assert.equal(fullness({ used: 0, capacity: 0 }), 1);
  assert.equal(usedText({ used: 1200, capacity: 4000 }), "1,200 of 4,000");
});

test("waiting jobs are counted, with a sign where the node may count no further", () => {
  assert.deepEqual([undefined, 0, 7, 999, 1000, 1004].map(waitingText), ["0", "0", "7", "999", "1,000+", "1,004+"]);
});

test("paused keys are counted where a limit has keys", () => {
  assert.equal(pausedText(BANK), "");
  assert.equal(pausedText({ ...BANK, paused_keys: 2 }), "2 keys paused");
  assert.equal(pausedText({ name: "gpu", kind: "concurrency", paused_keys: 1 }), "paused");
});

test("the wrong character of a value is marked, also behind its end and beside letters of two units", () => {
  assert.deepEqual(splitAt("50/x", 4), ["50/", "x", ""]);
  assert.deepEqual(splitAt("50", 3), ["50", "\u00a0", ""]);
  assert.deepEqual(splitAt("5🚀0/s", 2), ["5", "🚀", "0/s"]);
  assert.deepEqual(splitAt("", 1), ["", "\u00a0", ""]);
});

test("limits are found by words of the name, the kind and the tasks", () => {
  for (const words of ["", "ban", "RATE", "refund", "orders bank"]) assert.ok(isLimitMatch(BANK, words), words);
  assert.ok(!isLimitMatch(BANK, "bank gpu"));
  assert.ok(isLimitMatch({ name: "kept", kind: "rate" }, "kept"));
});

test("the page of limits has a key of its own", () => {
  assert.equal(PAGES.find(({ page }) => page === "limits")?.key, "l");
  assert.equal(new Set(PAGES.map(({ key }) => key)).size, PAGES.length);
});
