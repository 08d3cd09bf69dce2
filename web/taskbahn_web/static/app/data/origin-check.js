/** Whether the node takes pages of this origin: a browser does not say why it gets no WebSocket, but the node answers when it is asked. */

import { signal } from "@preact/signals";

import { isRefusal } from "../../client/connection.js";
import { url } from "../core/access.js";
import { bahn } from "./live.js";

/** Whether the node refuses this page. */
export const isOriginRefused = signal(false);

/** A page that was live once is taken. */
const stop = bahn.onState((state) => {
  if (state === "live" || state === "closed" || isOriginRefused.value) stop();
  else if (state === "reconnecting" && !isRefusal(bahn.connection.failure)) ask();
});

/** A node of another release, or none at all, does not say it. */
async function ask() {
  const answer = await fetch(`${url ?? "/ws"}?origin=${encodeURIComponent(location.origin)}`).catch(() => null);
  const said = answer?.ok ? await answer.json().catch(() => null) : null;
  if (said?.taken === false) isOriginRefused.value = true;
  if (said) stop();
}

/** What the operator does about it. @param {string} origin */
export function originRefusal(origin) {
  return `This node does not take pages from ${origin}: start it with --origin ${origin}, or with --behind-proxy where a proxy is before it.`;
}
