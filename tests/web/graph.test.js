/** Where the jobs of a graph are drawn, and where arrow keys lead. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { graphColumns, graphLines, neighbour, placeGraph } from "../../web/taskbahn_web/static/app/charts/graph-layout.js";
import { jobName } from "../../web/taskbahn_web/static/app/text/flow-text.js";

const edge = (parent, child, state = "satisfied") => ({ parent, child, policy: "fail", state });

test("each job is behind all that it waits for", () => {
  const edges = [edge("a", "c"), edge("b", "c"), edge("a", "b"), edge("c", "d")];
  assert.deepEqual(graphColumns(["d", "c", "b", "a"], edges), [["a"], ["b"], ["c"], ["d"]]);
});

test("a circle of jobs that are shown as one is cut and ends", () => {
  const columns = graphColumns(["a", "b", "c"], [edge("a", "b"), edge("b", "a"), edge("b", "c")]);
  assert.deepEqual(columns.flat().sort(), ["a", "b", "c"]);
});

for (const count of [1, 3, 12, 13, 30, 300]) {
  test(`no two of ${count} jobs overlap, and all are within the picture`, () => {
    const ids = Array.from({ length: count }, (_, index) => `n${index}`);
    const edges = ids.flatMap((id) => [edge("first", id), edge(id, "last")]);
    const { boxes, width, height } = placeGraph(graphColumns(["first", ...ids, "last"], edges));
    const all = [...boxes.values()];
    assert.equal(all.length, count + 2);
    for (const [index, a] of all.entries()) {
      assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
      for (const b of all.slice(index + 1)) {
        assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y, `${a.id} and ${b.id}`);
      }
    }
  });
}

test("a block of cells has one line for all, which is critical if one of them is", () => {
  const ids = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const edges = ids.flatMap((id) => [edge("first", id), edge(id, "last", "open")]);
  const { boxes } = placeGraph(graphColumns(["first", ...ids, "last"], edges));
  const lines = graphLines(edges, boxes, new Set(["first", "n7"]));
  assert.deepEqual(lines.map(({ isCritical, isOpen }) => [isCritical, isOpen]), [[true, false], [false, true]]);
});

test("arrow keys lead to the next job in their direction, or nowhere", () => {
  const edges = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")];
  const { boxes } = placeGraph(graphColumns(["a", "b", "c", "d"], edges));
  assert.equal(neighbour(boxes, "b", "ArrowDown"), "c");
  assert.equal(neighbour(boxes, "c", "ArrowUp"), "b");
  assert.equal(neighbour(boxes, "b", "ArrowRight"), "d");
  assert.equal(neighbour(boxes, "d", "ArrowRight"), null);
  assert.equal(neighbour(boxes, "a", "Enter"), null);
});

test("a job is called by its title before its name in the flow, and always by its task", () => {
  assert.equal(jobName({ task: "a.b" }), "a.b");
  assert.equal(jobName({ task: "a.b", label: "left" }), "left (a.b)");
  assert.equal(jobName({ task: "taskbahn.chain", title: "Trip", label: "left" }), "Trip (chain)");
});
