/** Being a worker: a registration `taskbahn.offer.<task>`, made again on every session. */

import { renewed } from "./renewed.js";
import { OFFER_PREFIX } from "./wire.js";

/**
 * @typedef {object} Context  what an offered task is given beside its arguments
 * @property {Record<string, unknown>} kwargs
 * @property {(progress: number | import("./wire.js").Progress) => void} progress  a fraction from 0 to 1, or more than that
 */

/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} task
 * @param {(args: unknown[], context: Context) => unknown} run
 * @returns {Promise<() => void>}  withdraws it
 */
export function offer(connection, task, run) {
  return renewed(connection, (session) =>
    session.register(OFFER_PREFIX + task, (args, kwargs, progress) => run(args, { kwargs, progress })),
  );
}
