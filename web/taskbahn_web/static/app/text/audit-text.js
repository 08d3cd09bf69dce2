/** The audit in words: who, to what, and where that is shown. */

import { count, shortId } from "../../shared/format.js";
import { link } from "../core/route.js";

/** @typedef {import("../../client/audit.js").AuditEntry} AuditEntry */

export const VERBS = [
  ...["cancel", "retry", "skip", "answer", "pause", "resume", "limit", "drain", "add", "edit", "delete", "run", "backfill"],
  ...["login", "create", "revoke", "remove", "passwd", "rotate"],
];
const OF_LIMITS = ["pause", "resume"]; // what is done to a key of a limit; other keys are logins

export const AGES = [
  { age: "", text: "At any time" },
  { age: "1h", text: "In the last hour" },
  { age: "24h", text: "In the last day" },
  { age: "7d", text: "In the last week" },
  { age: "30d", text: "In the last 30 days" },
];

const UNIT_SECONDS = { h: 3600, d: 86_400 };

/** Since when, in seconds; undefined: at any time. @param {string} age @param {number} now */
export function sinceOf(age, now) {
  const found = /^(\d+)([hd])$/.exec(age);
  return found ? now - Number(found[1]) * UNIT_SECONDS[/** @type {"h" | "d"} */ (found[2])] : undefined;
}

/** Who it was: the user whom the router knows, and the name that the person gave. @param {AuditEntry} entry */
export function whoText({ name, authid, role }) {
  const user = role === "anonymous" ? undefined : authid; // that of an anonymous session is random
  if (name && user && name !== user) return `${user} (${name})`;
  return user || name || "unknown";
}

/** Where from. @param {AuditEntry} entry */
export function fromText({ address, transport, role, session }) {
  return [address, transport, role && `role ${role}`, session && `session ${session}`].filter(Boolean).join(", ");
}

/** What it was done to. @param {AuditEntry} entry */
export function objectText({ kind, object, jobs = [], changed = 0 }) {
  if (kind === "system") return "the system";
  if (kind === "job") return object ? `job ${shortId(object)}` : count(Math.max(changed, jobs.length), "job");
  return object ? `${kind} ${object}` : kind;
}

/** Where that is shown; null: nowhere. @param {AuditEntry} entry @returns {string | null} */
export function objectLink({ kind, verb, object, jobs = [] }) {
  if (!object) return jobs.length === 1 ? link("jobs", jobs[0]) : null;
  switch (kind) {
    case "job":
      return link("jobs", object);
    case "queue":
      return link("jobs", null, { q: `queue:${/[\s"'*]/.test(object) ? `'${object.replaceAll("'", "''")}'` : object}` });
    case "key":
      return OF_LIMITS.includes(verb) ? link("limits", object.split("[")[0]) : null;
    case "task":
    case "limit":
    case "worker":
    case "schedule":
    case "trigger":
      return link(`${kind}s`, object);
    default:
      return null;
  }
}

/** What came of it. @param {AuditEntry} entry */
export function effectText({ effect, times = 1 }) {
  return times > 1 ? `${effect} (${count(times, "time")})` : effect;
}
