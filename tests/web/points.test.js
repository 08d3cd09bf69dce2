import assert from "node:assert/strict";
import { test } from "node:test";

import { nextPoint } from "../../web/taskbahn_web/static/app/charts/points.js";

const TIMES = [...Array(30).keys()];

test("arrows go from value to value, from the newest at first, and stop at the ends", () => {
  const data = [TIMES, TIMES.map((time) => time * 2)];
  const to = (index, key) => nextPoint(data, index, key);
  assert.deepEqual([to(-1, "ArrowLeft"), to(-1, "ArrowRight"), to(29, "ArrowLeft"), to(28, "ArrowRight")], [29, 29, 28, 29]);
  assert.deepEqual([to(0, "ArrowLeft"), to(29, "ArrowRight"), to(7, "Home"), to(7, "End")], [0, 29, 0, 29]);
  assert.deepEqual([to(25, "PageUp"), to(5, "PageUp"), to(5, "PageDown"), to(25, "PageDown")], [15, 0, 15, 29]);
});

test("what is not known is passed over, and other keys are left alone", () => {
  const data = [TIMES.slice(0, 6), [null, 1, null, null, 5, null], [null, null, null, 2, null, undefined]];
  const to = (index, key) => nextPoint(data, index, key);
  assert.deepEqual([to(-1, "ArrowLeft"), to(4, "ArrowLeft"), to(3, "ArrowLeft"), to(1, "ArrowLeft")], [4, 3, 1, 1]);
  assert.deepEqual([to(1, "ArrowRight"), to(2, "ArrowRight"), to(0, "ArrowRight"), to(0, "ArrowLeft")], [3, 3, 3, 1]);
  assert.equal(to(1, "ArrowUp"), null);
  assert.equal(nextPoint([TIMES, TIMES.map(() => null)], -1, "ArrowLeft"), null);
});
