import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { html } from "../../web/taskbahn_web/static/app/core/html.js";
import { foldStages } from "../../web/taskbahn_web/static/app/text/fold-stages.js";
import { isLater, moreText } from "../../web/taskbahn_web/static/app/parts/log.js";
import { plainText } from "../../web/taskbahn_web/static/shared/plain-text.js";

const { texts, pictures, replaced } = JSON.parse(readFileSync(new URL("../support/plain_texts.json", import.meta.url), "utf8"));

test("the colours of a terminal are left out, and control characters are seen", () => {
  for (const [text, plain] of texts) assert.equal(plainText(text), plain);
});

test("exactly the characters that the command line replaces are replaced", () => {
  const has = (ranges, code) => ranges.some(([low, high]) => code >= parseInt(low, 16) && code <= parseInt(high, 16));
  for (let code = 0; code < 0x110000; code++) {
    const char = String.fromCodePoint(code);
    const plain = plainText(char);
    if (has(replaced, code)) assert.equal(plain, "\ufffd");
    else assert.equal(plain !== char, has(pictures, code), code.toString(16));
    assert.equal(plainText(plain), plain);
  }
});

test("hints of elements are plain, and values of fields are as they were typed", () => {
  const drawn = html`<p title="\u202ea"><input value="\u202eb" aria-label="\u202ec" /></p>`;
  assert.equal(drawn.props.title, "\ufffda");
  assert.deepEqual({ ...drawn.props.children.props }, { value: "\u202eb", "aria-label": "\ufffdc" });
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

test("a log says where later attempts begin, and a button how many lines it shows", () => {
  const attempts = [0, 1, 1, 3, 3, 4].map((attempt) => ({ attempt }));
  assert.deepEqual(attempts.map((line, index) => isLater(line, attempts[index - 1])), [false, false, false, true, false, true]);
  assert.equal(isLater({ attempt: 2 }, undefined), true); // those of the first are not shown
  assert.equal(moreText(9500, 1500), "Show 1,500 of 9,500 earlier lines");
  assert.equal(moreText(400, 1500), "Show 400 earlier lines");
});
