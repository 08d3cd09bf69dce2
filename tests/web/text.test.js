import assert from "node:assert/strict";
import { test } from "node:test";

import { foldStages } from "../../web/taskbahn_web/static/app/text/fold-stages.js";
import { plainText } from "../../web/taskbahn_web/static/shared/plain-text.js";

test("the colours of a terminal are left out, and control characters are seen", () => {
  assert.equal(plainText("\x1b[1;31mred\x1b[0m text"), "red text");
  assert.equal(plainText("\x1b]0;title\x07after \x1b]8;;http://x\x1b\\link"), "after link");
  assert.equal(plainText("bell \x07 null \x00 delete \x7f"), "bell ␇ null ␀ delete ␡");
  assert.equal(plainText("a\rb\r\nc\td"), "a␍b\r\nc\td");
  assert.equal(plainText("größe אבג \u202e 語"), "größe אבג \ufffd 語");
});

const stage = (id, { parent = null, isOver = true, failed = false } = {}) => ({ id, name: `s${id}`, parent, ended_at: isOver ? 5 : null, failed });
const placed = (stages, depth = 0) => stages.map((each) => ({ stage: each, depth }));
const shape = (shown) => shown.map((each) => ("folded" in each ? each.folded.length : each.stage.id));

test("finished siblings fold, all but the last; what runs or failed stays", () => {
  const many = Array.from({ length: 12 }, (_, index) => stage(index));
  assert.deepEqual(shape(foldStages(placed([...many, stage(20, { isOver: false })]))), [10, 10, 11, 20]);
  assert.deepEqual(shape(foldStages(placed(many.slice(0, 7)))), [0, 1, 2, 3, 4, 5, 6]);
  const mixed = [...many.slice(0, 4), stage(30, { failed: true }), ...many.slice(4)];
  assert.deepEqual(shape(foldStages(placed(mixed))), [0, 1, 2, 3, 30, 6, 10, 11]);
});

test("a finished stage with children is no leaf and stays above them", () => {
  const children = Array.from({ length: 9 }, (_, index) => stage(10 + index, { parent: 1 }));
  const shown = foldStages([...placed([stage(0), stage(1)]), ...placed(children, 1), ...placed([stage(2)])]);
  assert.deepEqual(shape(shown), [0, 1, 7, 17, 18, 2]);
  assert.equal(shown[2].depth, 1);
});
