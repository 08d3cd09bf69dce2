/** What keeps a log at its end, on a box of numbers: which movements are the reader's. How it feels in a real browser is in tests/browser. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { AtEnd } from "../../web/taskbahn_web/static/shared/at-end.js";

const SEEN = 100; // pixels of the box

/** A box that scrolls as far as it can, and no further. */
class Box extends EventTarget {
  clientHeight = SEEN;
  scrollHeight = 1000;
  #top = 0;

  get scrollTop() {
    return (this.#top = Math.max(0, Math.min(this.#top, this.scrollHeight - this.clientHeight)));
  }

  set scrollTop(top) {
    this.#top = Math.max(0, Math.min(top, this.scrollHeight - this.clientHeight));
  }

  /** What the browser does for the reader, or by itself: the event comes with the next frame. */
  moves(by) {
    this.scrollTop += by;
    this.dispatchEvent(new Event("scroll"));
  }

  reader(type, more = {}) {
    this.dispatchEvent(Object.assign(new Event(type), more));
  }
}

/** A box that was drawn once, its frames in our hands. @param {import("node:test").TestContext} context */
function drawn(context) {
  const frames = [];
  globalThis.requestAnimationFrame = (frame) => frames.push(frame);
  context.after(() => delete globalThis.requestAnimationFrame);
  let now = 5000; // milliseconds
  mock.method(performance, "now", () => now);
  context.after(() => mock.restoreAll());
  const box = new Box();
  const turns = [];
  const end = new AtEnd(box, (isOn) => turns.push(isOn));
  const draw = (lines = 0) => {
    box.scrollHeight += lines * 20;
    end.keep();
    frames.splice(0).forEach((frame) => frame());
  };
  draw();
  assert.equal(box.scrollTop, 900);
  return { box, end, turns, draw, pass: (seconds) => (now += seconds * 1000) };
}

for (const [what, type, more] of [["a key", "keydown", { key: "ArrowUp" }], ["shift and space", "keydown", { key: " ", shiftKey: true }], ["a wheel", "wheel", { deltaY: -3 }]])
  test(`${what} leaves the end before anything has moved, and what is drawn meanwhile does not bring the reader back`, (context) => {
    const { box, end, turns, draw, pass } = drawn(context);
    box.reader(type, more);
    assert.equal(end.isOn, false);
    draw();
    draw(3);
    assert.equal(box.scrollTop, 900);
    for (const pixels of [-1, -2, 0, -3]) {
      box.moves(pixels);
      pass(0.4);
      draw();
    }
    pass(60);
    draw();
    assert.equal(box.scrollTop, 894);
    assert.deepEqual(turns, [false]);
  });

test("a key that still scrolls does not undo the order to follow", (context) => {
  const { box, end, draw, pass } = drawn(context);
  box.reader("keydown", { key: "ArrowUp" });
  box.moves(-4);
  end.go();
  assert.equal(box.scrollTop, 900);
  for (const pixels of [-20, -30]) {
    box.moves(pixels);
    assert.deepEqual([end.isOn, box.scrollTop], [true, 900]);
    pass(0.2);
    draw(1);
    box.scrollHeight -= 20;
  }
  box.reader("keydown", { key: "ArrowUp" });
  box.moves(-40);
  assert.equal(end.isOn, false);
  end.go();
  pass(2);
  box.moves(-40); // a script of the page
  assert.equal(end.isOn, false);
});

test("a reader who comes down to the end stays there, also from the end itself", (context) => {
  const { box, end, turns, draw, pass } = drawn(context);
  box.reader("keydown", { key: "Home" });
  box.moves(-900);
  pass(2);
  box.moves(700);
  assert.equal(end.isOn, false);
  box.moves(190); // near
  draw(2);
  assert.equal(box.scrollTop, 940);
  box.reader("wheel", { deltaY: -1 }); // and nothing came of it
  box.reader("wheel", { deltaY: 1 });
  assert.deepEqual(turns, [false, true, false, true]);
  box.reader("keydown", { key: "PageUp" });
  end.go();
  draw(1);
  assert.equal(box.scrollTop, 960);
  box.reader("keydown", { key: "Home" });
  box.moves(-960);
  box.reader("keydown", { key: "End" });
  draw(100); // more than it takes to get there
  assert.equal(end.isOn, true);
  assert.equal(box.scrollTop, 2960);
});

test("a movement without a key or a wheel counts from its first pixel, and slow ones add up", (context) => {
  const { box, end } = drawn(context);
  for (let step = 0; step < 4; step++) box.moves(-0.4);
  assert.equal(end.isOn, false);
});

test("what turns out higher or lower than it was taken for, and what is no scrolling, leaves the reader at the end", (context) => {
  const { box, turns, draw, pass } = drawn(context);
  box.scrollHeight = 700; // the browser moves the box up to its new end
  draw();
  assert.equal(box.scrollTop, 600);
  box.scrollHeight = 900;
  box.moves(-100);
  draw();
  assert.equal(box.scrollTop, 800);
  box.reader("wheel", { deltaY: -3, ctrlKey: true });
  box.reader("wheel", { deltaY: 0, deltaX: 5 });
  box.reader("keydown", { key: "c" });
  box.reader("pointerdown");
  pass(2);
  box.clientHeight = 0; // on a page that is not shown
  box.scrollHeight = 0;
  box.moves(0);
  assert.deepEqual(turns, []);
});

test("a log that becomes shorter than where its reader was, or fits as a whole, is at its end again", (context) => {
  const { box, turns, draw, pass } = drawn(context);
  box.reader("keydown", { key: "PageUp" });
  box.moves(-80);
  pass(2);
  box.scrollHeight = 500;
  draw();
  assert.deepEqual(turns, [false, true]);
  box.reader("keydown", { key: "PageUp" });
  pass(2);
  box.scrollHeight = 80;
  draw();
  assert.deepEqual(turns, [false, true, false, true]);
  box.reader("keydown", { key: "PageUp" }); // there is nothing above
  assert.deepEqual(turns, [false, true, false, true]);
});

test("a reader who left a short log stays away while it grows, until the reader goes to its end", (context) => {
  const { box, end, turns, draw, pass } = drawn(context);
  box.scrollHeight = 60;
  draw();
  end.leave();
  draw(1);
  draw(10);
  assert.deepEqual([box.scrollTop, end.isOn], [0, false]);
  pass(2);
  box.moves(400);
  draw(1);
  assert.equal(box.scrollTop, 200);
  assert.deepEqual(turns, [false, true]);
});
