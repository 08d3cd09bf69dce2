/** By when a job has to have ended, in words. */

import { FINAL_STATES } from "../../client/states.js";
import { day, wholeDuration } from "../../shared/format.js";

/**
 * The day and time, and how much time is left before it; of a job that has ended only the first.
 * @param {Pick<import("../../client/wire.js").JobView, "state" | "deadline">} job
 * @param {number} now
 */
export function deadlineText({ state, deadline }, now) {
  if (typeof deadline !== "number") return "";
  if (FINAL_STATES.has(state)) return day(deadline);
  return `${day(deadline)}, ${deadline > now ? `${wholeDuration(deadline - now)} left` : "its time is over"}`;
}
