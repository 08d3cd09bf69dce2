/** The week of schedules: portions together, days and hours. */

import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Europe/Berlin"; // before a date is made

const { bandParts, daysOf, emptyWeek, weekFrom, withPortion } = await import("../../web/taskbahn_web/static/app/text/week.js");

const at = (text) => new Date(text).getTime() / 1000;
const slot = (time, count, ...ids) => ({ at: time, count, first: ids.map((id) => ({ id, at: time })) });

test("a week begins with the hour that goes on, and ends with the sixth day after today", () => {
  assert.deepEqual(weekFrom(at("2026-11-30T05:20:10")), { since: at("2026-11-30T05:00"), until: at("2026-12-07T00:00") });
});

test("portions of schedules add up, and an hour names the first of them", () => {
  const [five, six] = [at("2026-11-30T05:00"), at("2026-11-30T06:00")];
  let week = withPortion(emptyWeek(five, at("2026-12-07T00:00")), { slots: [slot(five, 3, "b", "c")], next: "c" }, 2);
  assert.equal(week.isWhole, false);
  week = withPortion(week, { slots: [slot(five, 1, "a"), slot(six, 1, "z")], bands: [{ id: "x", words: "", spans: [[0, 1]] }] }, 2);
  assert.equal(week.isWhole, true);
  assert.deepEqual(week.slots.get(five), { at: five, count: 4, first: [{ id: "a", at: five }, { id: "b", at: five }] });
  const days = daysOf(week);
  assert.deepEqual(days.map(({ count }) => count), [5, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(days[0].hours.map(({ hour }) => hour), [5, 6]);
  assert.equal(week.bands.length, 1);
});

test("an hour that clocks show twice is one, and days keep their midnights", () => {
  const week = emptyWeek(at("2026-10-25T00:00:00+02:00"), at("2026-11-01T00:00:00+01:00"));
  const slots = [slot(at("2026-10-25T02:00:00+02:00"), 1, "a"), slot(at("2026-10-25T02:00:00+01:00"), 1, "b"), slot(at("2026-10-26T00:00:00+01:00"), 1, "c")];
  const days = daysOf(withPortion(week, { slots }, 2));
  assert.deepEqual(days.map(({ hours }) => hours.map(({ hour, slot: { count } }) => [hour, count])).slice(0, 2), [[[2, 2]], [[0, 1]]]);
});

test("a band is a part of the whole week", () => {
  const week = emptyWeek(at("2026-11-30T12:00"), at("2026-12-07T00:00"));
  const [[from, to]] = bandParts(week, { id: "x", words: "", spans: [[0, 11]] });
  assert.deepEqual([from, to].map((part) => Math.round(part * 14)), [1, 2]);
  assert.deepEqual(bandParts(week, { id: "x", words: "", spans: [[0, 999]] }).map(([, end]) => end), [1]);
});
