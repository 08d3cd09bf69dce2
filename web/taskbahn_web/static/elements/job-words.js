/** A job in a few words: its state, its place while it waits, its pace, and when it is expected to end. */

import { count, duration, pace, wholeDuration } from "../shared/format.js";
import { roughDuration, secondsLeft } from "../shared/expected.js";
import { summarizeProgress } from "../shared/how-far.js";
import { isToCome } from "../shared/stages.js";

/**
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/connection.js").ConnectionState} ConnectionState
 */

/**
 * @param {JobView | null} job
 * @param {ConnectionState} connection
 * @param {boolean} isWanted  whether there is a job to show
 * @returns {string}
 */
export function stateText(job, connection, isWanted) {
  if (job) return job.state;
  if (!isWanted) return "no job yet";
  return { connecting: "connecting…", reconnecting: "reconnecting…", live: "loading…", closed: "not connected" }[connection];
}

/**
 * The line under the bar.
 * @param {JobView | null} job
 * @param {number} now  seconds since the epoch
 * @param {{state: ConnectionState} | null} bahn
 * @returns {{facts: string, left: string}}  what is, and what is expected
 */
export function footText(job, now, bahn) {
  if (!job) return { facts: "", left: "" };
  const { facts, left } = job.state === "running" ? runningText(job, now) : idleText(job, now);
  if (bahn?.state !== "reconnecting") return { facts, left };
  return { facts: `Reconnecting; this was the last that was heard. ${facts}`.trim(), left: "" };
}

/**
 * @param {JobView} job
 * @param {number} now
 */
function runningText(job, now) {
  const { progress, started_at, typical = null, attempt = 1 } = job;
  const elapsed = Math.max(0, now - (started_at ?? now));
  const seconds = secondsLeft({ fraction: summarizeProgress(progress).fraction, elapsed, typical });
  const left =
    seconds !== null ? `about ${roughDuration(seconds)} left`
    : typical && elapsed > typical ? `usually ${duration(typical)}`
    : "";
  return { facts: joinParts([wholeDuration(elapsed), paceText(progress, now), attempt > 1 && `attempt ${attempt}`]), left };
}

/**
 * How often, of the innermost stage that is open and counts.
 * @param {import("../client/wire.js").Progress | null | undefined} progress
 * @param {number} now
 */
function paceText(progress, now) {
  const stage = progress?.stages?.findLast((one) => !one.ended_at && one.done && !isToCome(one));
  return stage ? pace(Number(stage.done ?? 0), now - (stage.started_at || now)) : "";
}

/**
 * @param {JobView} job
 * @param {number} now
 */
function idleText(job, now) {
  const { state, place, due_at, error, started_at, finished_at } = job;
  if (state === "waiting" || state === "ready") {
    const ahead = place?.ahead;
    const queued = ahead === null || ahead === undefined ? "" : ahead === 0 ? "next in line" : `${ahead >= 10_000 ? "10,000 or more jobs" : count(ahead, "job")} ahead`;
    const starts = place?.starts_at ?? (state === "waiting" ? due_at : null);
    return { facts: joinParts([place?.why, queued]), left: starts && starts > now ? `starts in about ${roughDuration(starts - now)}` : "" };
  }
  const took = started_at && finished_at ? duration(finished_at - started_at) : "";
  const why = state === "succeeded" || !error ? "" : [error.type, error.message].filter(Boolean).join(": ");
  return { facts: joinParts([took && `took ${took}`, why]), left: "" };
}

/** @param {(string | false | null | undefined)[]} parts */
function joinParts(parts) {
  return parts.filter(Boolean).map((part) => String(part).replace(/\.$/, "")).join(" · ");
}
