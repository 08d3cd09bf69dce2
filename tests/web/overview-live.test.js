import assert from "node:assert/strict";
import { test } from "node:test";

import { extendHistory } from "../../web/taskbahn_web/static/app/data/extend-history.js";
import { recentStatuses, currentRates } from "../../web/taskbahn_web/static/app/charts/rates.js";
import { groupSettings, settingText, listVersions } from "../../web/taskbahn_web/static/app/text/settings-text.js";

const NONE = { accepted: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0, retried: 0 };
const NAMES = [...Object.keys(NONE), "waiting", "running", "oldest", "wait", "wait95", "run", "run95"];

function heard(now, totals = {}, more = {}) {
  return { started_at: 1, now, jobs: { ready: 2, waiting: 1 }, running: 3, oldest: now - 4, wait: [0.1, 0.2], run: null, totals: { ...NONE, ...totals }, ...more };
}

/** Three buckets of five seconds, the last one from 110 to 115. */
const HISTORY = { step: 5, start: 100, ...Object.fromEntries(NAMES.map((name) => [name, [1, 2, 3]])) };

test("within a bucket counts are added and levels replaced", () => {
  const longer = extendHistory(HISTORY, heard(111, { accepted: 10 }), heard(112, { accepted: 14, failed: 1 }));
  assert.equal(longer.start, 100);
  assert.deepEqual([longer.accepted, longer.failed, longer.succeeded], [[1, 2, 7], [1, 2, 4], [1, 2, 3]]);
  assert.deepEqual([longer.waiting, longer.running, longer.oldest, longer.wait95, longer.run], [[1, 2, 3], [1, 2, 3], [1, 2, 4], [1, 2, 0.2], [1, 2, null]]);
});

test("a new bucket pushes the oldest out, and one that passed unseen holds no jobs and no levels", () => {
  const next = extendHistory(HISTORY, heard(112), heard(116, { accepted: 5 }));
  assert.deepEqual([next.start, next.accepted, next.running], [105, [2, 3, 5], [2, 3, 3]]);
  const afterNext = extendHistory(HISTORY, heard(112), heard(121, { accepted: 5 }));
  assert.deepEqual([afterNext.start, afterNext.accepted, afterNext.running], [110, [3, 0, 5], [3, null, 3]]);
  assert.ok(NAMES.every((name) => afterNext[name].length === 3));
  assert.deepEqual(HISTORY.accepted, [1, 2, 3]);
});

test("after a restart of the node, a long silence or a clock that was set the history is asked for again", () => {
  assert.equal(extendHistory(HISTORY, heard(111), heard(112, {}, { started_at: 2 })), null);
  assert.equal(extendHistory(HISTORY, heard(111), heard(190)), null);
  assert.equal(extendHistory(HISTORY, heard(111), heard(90)), null);
});

test("when jobs begin again the history is asked for again, for they count no longer where they ended", () => {
  assert.equal(extendHistory(HISTORY, heard(111, { again: 1 }), heard(112, { again: 3 })), null);
  assert.ok(extendHistory(HISTORY, heard(111, { again: 3 }), heard(112, { again: 3 })));
});

test("the rates are those of the last ten seconds of this node", () => {
  let known = [];
  for (let now = 100; now <= 130; now += 0.25) known = recentStatuses(known, heard(now, { accepted: (now - 100) * 2, succeeded: now - 100, failed: now - 100 }));
  assert.ok(known.length <= 11);
  assert.deepEqual(currentRates(known), { accepted: 2, finished: 2, failed: 1 });
  assert.equal(currentRates(recentStatuses(known, heard(131, {}, { started_at: 2 }))), null);
  assert.equal(currentRates([]), null);
});

test("settings are grouped by the first part of their names, the node's first, and versions are apart", () => {
  const settings = ["bounds.message", "node.port", "bounds.tags", "plain", "versions.python"].map((name) => ({ name, value: "3" }));
  assert.deepEqual(
    groupSettings(settings).map(([title, members]) => [title, members.map(({ name }) => name)]),
    [["Node", ["node.port", "plain"]], ["Bounds", ["bounds.message", "bounds.tags"]]],
  );
  assert.deepEqual(listVersions(settings), [["python", "3"]]);
});

test("a setting's value has its unit", () => {
  const text = (value, unit) => settingText({ value, unit });
  assert.deepEqual(
    [text(16_777_216, "bytes"), text(30, "s"), text(604_800, "s"), text(1, "jobs"), text(20_000, "jobs"), text(8080, ""), text("WAL"), text(null, "s"), text(true), text(["a"])],
    ["16 MiB", "30 s", "7 d 0 h", "1 job", "20,000 jobs", "8080", "WAL", "none", "on", "a"],
  );
});
