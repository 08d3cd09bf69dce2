/** What a page asks about schedules. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, TaskbahnError } from "../../web/taskbahn_web/static/taskbahn.js";
import { FakeRouter } from "./fake.js";

test("a preview asks for times, and a wrong option is refused before it", async () => {
  const router = new FakeRouter();
  const bahn = await connect({ dial: router.dial });
  const answer = bahn.schedules.preview("0 3 * * 1-5", { zone: "Europe/Berlin", count: 2 });
  const call = await router.call();
  assert.deepEqual([call.procedure, call.args, call.kwargs], ["taskbahn.view.schedule_times", ["0 3 * * 1-5"], { zone: "Europe/Berlin", count: 2 }]);
  const times = { words: "at 03:00 on weekdays, Europe/Berlin", zone: "Europe/Berlin", times: [1], local: ["1970-01-01T01:00:01+01:00"] };
  call.resolve(times);
  assert.deepEqual(await answer, times);
  await assert.rejects(bahn.schedules.preview("@daily", { zones: "UTC" }), TaskbahnError);
  bahn.close();
});
