/** What may be done with a schedule: run it now, pause it, start the jobs of a past period, change it, delete it. */

import { useState } from "preact/hooks";

import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, link } from "../core/route.js";
import { bahn } from "../data/live.js";
import { sentence } from "../../taskbahn.js";
import { Problem } from "./note.js";
import { BackfillDialog, byWho, DeleteDialog, PauseDialog, ResumeDialog } from "./schedule-dialogs.js";
import { StartedJob } from "./started-job.js";

/** @typedef {import("../../client/schedule-views.js").ScheduleView} ScheduleView */

const DIALOGS = { pause: PauseDialog, resume: ResumeDialog, backfill: BackfillDialog, remove: DeleteDialog };

/**
 * The buttons, and what they show: a question, what was done last, and the job that was started.
 * @param {ScheduleView} schedule
 * @param {() => void} onChanged
 */
export function useScheduleActions(schedule, onChanged) {
  const [asked, ask] = useState(/** @type {keyof typeof DIALOGS | null} */ (null));
  const [said, say] = useState("");
  const [failure, setFailure] = useState("");
  const [started, setStarted] = useState("");
  const done = (/** @type {string} */ text) => {
    if (asked === "remove") return go(link("schedules"));
    say(text);
    return onChanged();
  };
  const open = (/** @type {keyof typeof DIALOGS} */ name) => {
    say("");
    ask(name);
  };
  const run = async () => {
    setFailure("");
    try {
      setStarted((await bahn.schedules.runNow(schedule.id, byWho())).id);
    } catch (error) {
      setFailure(sentence(error));
    }
  };
  const Dialog = asked && DIALOGS[asked];
  const shown = html`<p class="said" role="status">${said}</p>
    ${failure && html`<${Problem}>${failure}<//>`}
    ${started && html`<${StartedJob} key=${started} id=${started} />`}
    ${Dialog && html`<${Dialog} schedule=${schedule} onDone=${done} onClose=${() => ask(null)} />`}`;
  return { open, run, shown };
}

/** @param {{schedule: ScheduleView, open: (name: keyof typeof DIALOGS) => void, run: () => void}} props */
export function ScheduleButtons({ schedule, open, run }) {
  const { id, pause, declared } = schedule;
  const toggle = pause ? "resume" : "pause";
  const edit = link("schedules", id, { edit: "yes" });
  useKeys({
    p: [() => open(toggle), "Pause the schedule, or resume it"],
    b: [() => open("backfill"), "Start the jobs of a past period"],
    e: [() => go(edit), "Edit the schedule"],
  });
  if (isReadOnly) return null;
  return html`<p class="actions">
    <button class="primary" onClick=${run}>Run now</button>
    <button aria-haspopup="dialog" onClick=${() => open(toggle)}>${pause ? "Resume" : "Pause"}</button>
    <button aria-haspopup="dialog" onClick=${() => open("backfill")}>Backfill</button>
    <a class="button" href=${edit}>Edit</a>
    ${(!declared || pause?.orphaned) && html`<button class="danger" aria-haspopup="dialog" onClick=${() => open("remove")}>Delete</button>`}
  </p>`;
}
