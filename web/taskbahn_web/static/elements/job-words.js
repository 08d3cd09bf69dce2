/** A job in a few words: its state, its place while it waits, its pace, and when it is expected to end. */

import { expectation } from "../shared/expected.js";
import { placeFacts } from "../shared/place.js";
import { isToCome } from "../shared/stages.js";

/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/connection.js").ConnectionState} ConnectionState
 * @typedef {import("./words.js").Words} Words
 */

const MAX_COUNTED_AHEAD = 10_000; // jobs

/**
 * @param {Words} words
 * @param {JobView | null} job
 * @param {ConnectionState} connection
 * @param {boolean} isWanted  whether there is a job to show
 * @returns {string}
 */
export function stateText(words, job, connection, isWanted) {
  if (job) return words.say(job.state);
  if (!isWanted) return words.say("no job yet");
  if (connection === "connecting") return words.say("connecting…");
  if (connection === "reconnecting") return words.say("reconnecting…");
  return connection === "live" ? words.say("loading…") : words.say("not connected");
}

/**
 * The line under the bar.
 * @param {Words} words
 * @param {JobView | null} job
 * @param {number} now  seconds since the epoch
 * @param {{state: ConnectionState} | null} bahn
 * @param {boolean} [isOutdated]  its progress may be that of before a lost connection, so it says nothing of what is left
 * @returns {{facts: string, left: string}}  what is, and what is expected
 */
export function footText(words, job, now, bahn, isOutdated = false) {
  if (!job) return { facts: "", left: "" };
  const { facts, left } = job.state === "running" ? runningText(words, job, now, isOutdated) : idleText(words, job, now);
  if (bahn?.state !== "reconnecting") return { facts, left };
  return { facts: `${words.say("Reconnecting; this was the last that was heard.")} ${facts}`.trim(), left: "" };
}

/**
 * @param {Words} words
 * @param {JobView} job
 * @param {number} now
 * @param {boolean} isOutdated
 */
function runningText(words, job, now, isOutdated) {
  const { progress, started_at, attempt = 1 } = job;
  const elapsed = Math.max(0, now - (started_at ?? now));
  const expected = expectation(job, now);
  const left =
    isOutdated ? ""
    : expected.left !== null ? words.say("about {time} left", { time: words.roughDuration(expected.left) })
    : expected.usual !== null ? words.say("usually {time}", { time: words.duration(expected.usual) })
    : "";
  const number = attempt > 1 && words.say("attempt {number}", { number: words.number(attempt) });
  return { facts: joinParts([words.wholeDuration(elapsed), paceText(words, progress, now), number]), left };
}

/**
 * How often, of the innermost stage that is open and counts.
 * @param {Words} words
 * @param {import("../client/wire.js").Progress | null | undefined} progress
 * @param {number} now
 */
function paceText(words, progress, now) {
  const stage = progress?.stages?.findLast((one) => !one.ended_at && one.done && !isToCome(one));
  return stage ? words.pace(Number(stage.done ?? 0), now - (stage.started_at || now)) : "";
}

/**
 * @param {Words} words
 * @param {JobView} job
 * @param {number} now
 */
function idleText(words, job, now) {
  const { state, error, started_at, finished_at } = job;
  if (state === "waiting" || state === "ready") {
    const { why, ahead, at, goesOn } = placeFacts(job);
    const time = at !== null && at > now ? words.roughDuration(at - now) : "";
    const left = !time ? "" : goesOn ? words.say("goes on in about {time}", { time }) : words.say("starts in about {time}", { time });
    return { facts: joinParts([why && words.phrase(why), aheadText(words, ahead)]), left };
  }
  const took = started_at && finished_at ? words.say("took {time}", { time: words.duration(finished_at - started_at) }) : "";
  const why = state === "succeeded" || !error ? "" : [error.type, error.message].filter(Boolean).map((part) => words.phrase(String(part))).join(": ");
  return { facts: joinParts([took, why === words.say(state) ? "" : why]), left: "" };
}

/**
 * @param {Words} words
 * @param {number | null} ahead  jobs before it
 */
function aheadText(words, ahead) {
  if (ahead === null) return "";
  if (ahead === 0) return words.say("next in line");
  if (ahead >= MAX_COUNTED_AHEAD) return words.say("{count} or more jobs ahead", { count: words.number(MAX_COUNTED_AHEAD) });
  return words.count(ahead, "1 job ahead", "{count} jobs ahead");
}

/** @param {(string | false | null | undefined)[]} parts */
function joinParts(parts) {
  return parts.filter(Boolean).map((part) => String(part).replace(/\.$/, "")).join(" · ");
}
