/** What was changed of a trigger beside the code: each field that differs, both values, by whom, and the way back. */

import { useState } from "preact/hooks";

import { sentence } from "../../taskbahn.js";
import { html } from "../core/html.js";
import { bahn } from "../data/live.js";
import { triggerDifferences } from "../text/trigger-draft.js";
import { Differences } from "./schedule-changes.js";
import { byWho } from "./schedule-dialogs.js";

/** @param {{trigger: import("../../client/triggers.js").TriggerView, onChanged: () => void}} props */
export function TriggerChanges({ trigger, onChanged }) {
  const [failure, setFailure] = useState("");
  if (!trigger.declared) return null;
  const reset = async () => {
    setFailure("");
    try {
      await bahn.triggers.edit(trigger.id, {}, { reset: true, ...byWho() });
      onChanged();
    } catch (error) {
      setFailure(sentence(error));
    }
  };
  return html`<${Differences} of=${trigger} found=${triggerDifferences(trigger)} failure=${failure} reset=${reset} />`;
}
