/** What operators have paused: the status brings it a few times a second. */

import { computed } from "@preact/signals";

import { inOrder } from "../text/pause-text.js";
import { status } from "./live.js";

/** @typedef {import("../../client/wire.js").Pause} Pause */

const text = computed(() => JSON.stringify(status.value?.pauses ?? [])); // what depends on it is drawn when it differs, not with each status

/** The system's first, then the oldest. @type {import("@preact/signals").ReadonlySignal<Pause[]>} */
export const pauses = computed(() => inOrder(JSON.parse(text.value)));

const byQuery = computed(() => new Map(pauses.value.map((pause) => [pause.query, pause])));

/** The pause of a query, null if there is none. @param {string} query */
export function pauseOf(query) {
  return byQuery.value.get(query) ?? null;
}
