/** Who did something, as others see it. */

import assert from "node:assert/strict";
import test from "node:test";

import { keepName, nameShown } from "../../web/taskbahn_web/static/app/core/who.js";

test("without a name others see at least from where it was done", () => {
  assert.equal(nameShown(), "the dashboard");
  keepName("  ada ");
  assert.equal(nameShown(), "ada");
  keepName("   ");
  assert.equal(nameShown(), "the dashboard");
});
