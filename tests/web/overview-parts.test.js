import assert from "node:assert/strict";
import { test } from "node:test";

import { isKeyTaken } from "../../web/taskbahn_web/static/app/core/keys.js";
import { link, parse } from "../../web/taskbahn_web/static/app/core/route.js";
import { problemLink } from "../../web/taskbahn_web/static/app/data/problem-link.js";

test("what is wrong leads to the page that shows it", () => {
  const places = [
    [{ page: "jobs", query: "state:ready task:a.b" }, "#/jobs?q=state%3Aready+task%3Aa.b"],
    [{ page: "jobs", id: "42", query: "state:running task:a" }, "#/jobs/42"],
    [{ page: "queues", id: "slow", query: "state:ready queue:slow" }, "#/jobs?q=state%3Aready+queue%3Aslow"],
    [{ page: "errors", query: "state:failed task:a.b since:10m" }, "#/errors?task=a.b"],
    [{ page: "errors", query: "state:failed since:10m" }, "#/errors"],
    [{ page: "workers", id: "w 1" }, "#/workers/w%201"],
    [{ page: "settings" }, "#/settings"],
    [{ page: "schedules", id: "a:b" }, "#/schedules/a%3Ab"],
    [{ page: "schedules" }, "#/schedules?state=trouble"],
    [{ page: "triggers", id: "a:b" }, "#/triggers/a%3Ab"],
    [{ page: "triggers" }, "#/triggers?state=trouble"],
    [{ kind: "hook_secret", page: "triggers", id: "a sentence" }, "#/triggers?state=hook"],
    [{ page: "overview" }, undefined],
    [{}, undefined],
  ];
  for (const [problem, where] of places) assert.equal(problemLink(problem)?.where, where);
});

test("the overview is at the root, with its range in the address", () => {
  assert.equal(link("overview"), "#/");
  assert.equal(link("overview", null, { range: "6h" }), "#/?range=6h");
  for (const hash of ["", "#", "#/", "#/overview"]) assert.equal(parse(hash).page, "overview");
  assert.equal(parse("#/?range=6h").query.get("range"), "6h");
});

test("keys are left to fields, to the browser, and Enter to what has the focus", () => {
  const on = (...selectors) => ({ matches: (wanted) => selectors.some((each) => wanted.split(", ").some((part) => part === each)) });
  const taken = (key, target, more) => isKeyTaken({ key, target, ...more });
  assert.equal(taken("j", on("body")), false);
  assert.equal(taken("j", on("textarea")), true);
  assert.equal(taken("j", { isContentEditable: true }), true);
  assert.equal(taken("r", on("body"), { ctrlKey: true }), true);
  assert.equal(taken("Enter", on("a")), true);
  assert.equal(taken("j", on("a")), false);
});
