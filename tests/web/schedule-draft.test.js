/** A schedule as a form has it: what it begins with, and what travels. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { changesOf, DraftError, draftOf, durationField, secondsOf, whenOf } from "../../web/taskbahn_web/static/app/text/schedule-draft.js";

const when = { kind: "cron", line: "0 3 * * *", zone: "Europe/Berlin" };
const SCHEDULE = { id: "nightly", spec: { when, call: { task: "a.b", packed: '[["x"],{"y":1}]', options: { queue: "slow" } }, catch_up: 90, alarm_after: 5400 } };

test("durations are read and written", () => {
  assert.deepEqual([90, 5400, 86_400, 0, 1.5, null].map(durationField), ["1m30s", "1h30m", "1d", "0s", "1.5s", ""]);
  assert.deepEqual(["90", "1h 30m", "2d", "0.5s", ""].map((text) => secondsOf("jitter", text)), [90, 5400, 172_800, 0.5, null]);
  assert.throws(() => secondsOf("jitter", "soon"), (error) => error instanceof DraftError && error.field === "jitter");
});

test("only what differs travels of a schedule that is there", () => {
  const draft = draftOf(SCHEDULE);
  assert.deepEqual([draft.args, draft.kwargs, draft.alarm_after], ['["x"]', '{"y":1}', "1h30m"]);
  assert.deepEqual(changesOf(draft, SCHEDULE), {});
  const changed = { ...draft, line: "0 4 * * *", args: '["z"]', alarm_after: "", times: "3", note: "later" };
  assert.deepEqual(changesOf(changed, SCHEDULE), {
    when: { ...when, line: "0 4 * * *" },
    flow: { task: "a.b", args: ["z"], kwargs: { y: 1 }, options: { queue: "slow" } },
    times: 3,
    alarm_after: null,
    note: "later",
  });
});

test("a new schedule travels with its times, its call and what was chosen", () => {
  const draft = { ...draftOf(), kind: "every", interval: "15m", task: "a.b", overlap: "allow" };
  assert.deepEqual(changesOf(draft), { when: { kind: "every", interval: 900 }, flow: { task: "a.b", args: [], kwargs: {} }, overlap: "allow" });
  assert.deepEqual(changesOf({ ...draft, what: "flow", flow: '{"chain": [{"task": "a.b"}]}' }).flow, { chain: [{ task: "a.b" }] });
});

test("each kind of times is made and read again", () => {
  const kinds = [
    { ...when, skipped_time: "never", repeated_time: "both" },
    { kind: "every", interval: 90 },
    { kind: "sun", event: "dusk_nautical", latitude: -33.5, longitude: 151 },
    { kind: "calendar", rule: "FREQ=DAILY", zone: "UTC" },
    { kind: "dates", dates: ["2026-12-24", "2026-12-31T18:00"], zone: "Europe/Berlin" },
    { kind: "except", of: when, without: { kind: "dates", dates: ["2026-12-25T03:00"] } },
  ];
  for (const one of kinds) assert.deepEqual(whenOf(draftOf({ id: "x", spec: { when: one, call: {} } })), one);
});

test("what is wrong is said at its field", () => {
  const draft = draftOf(SCHEDULE);
  const wrong = { line: " ", task: "", args: "{}", kwargs: "[1]", jitter: "x", times: "0" };
  for (const [field, text] of Object.entries(wrong)) {
    assert.throws(() => changesOf({ ...draft, [field]: text }, SCHEDULE), (error) => error instanceof DraftError && error.field === field, field);
  }
  assert.throws(() => changesOf({ ...draft, kind: "json", json: "{" }, SCHEDULE), /no JSON/);
  assert.throws(() => whenOf({ ...draft, kind: "sun", latitude: "north" }), /latitude is in degrees/);
});
