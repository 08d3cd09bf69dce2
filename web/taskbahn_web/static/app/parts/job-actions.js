/** What can be done about one job: cancel it or pause it, which asks first, resume it, retry it, start another like it. */

import { keyOf } from "../../client/revealing.js";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { fromInfo } from "../../client/errors.js";
import { JOB_RESUME } from "../../client/wire.js";
import { FINAL_STATES, RETRIABLE_STATES, sentence } from "../../taskbahn.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { nameShown } from "../core/who.js";
import { bahn } from "../data/live.js";
import { link } from "../core/route.js";
import { isFlow } from "../text/flow-text.js";
import { CancelFields } from "./cancel-fields.js";
import { PauseJobQuestion } from "./job-pause.js";
import { Problem } from "./note.js";

/**
 * @param {object} props
 * @param {import("../../client/wire.js").JobView} props.job
 * @param {() => void} props.onRetried
 */
export function JobActions({ job, onRetried }) {
  const [said, say] = useState("");
  const [problem, setProblem] = useState("");
  const [isAsking, setAsking] = useState(false);
  const [isPausing, setPausing] = useState(false);
  const { id, state, task } = job;
  const canCancel = !FINAL_STATES.has(state) && !isReadOnly;
  const isPaused = job.paused?.job === id && !isReadOnly;
  const canPause = !FINAL_STATES.has(state) && !isReadOnly;
  const canRetry = RETRIABLE_STATES.has(state) && !isReadOnly;
  const act = async (/** @type {() => Promise<unknown[]>} */ action, /** @type {(answer: unknown) => string} */ done) => {
    setProblem("");
    say("");
    try {
      const [answer] = await action();
      if (answer instanceof Error) throw answer;
      say(done(answer));
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  const cancel = (/** @type {string} */ reason) => {
    setAsking(false);
    void act(() => bahn.cancel([id], reason.trim(), nameShown()), (after) => (after === "running" ? "The worker stops it." : after === "cancelled" ? "Cancelled." : `It had already ${after}.`));
  };
  const retry = () => act(() => bahn.retry([id], nameShown()).finally(onRetried), () => "Accepted again.");
  const skip = () => act(() => bahn.skip([id], nameShown()).finally(onRetried), () => "Those that waited for it go on.");
  const resume = async () => {
    const [answer] = await bahn.ask(JOB_RESUME, [[id]], { who: nameShown() });
    return [typeof answer === "object" ? fromInfo(answer) : answer];
  };
  const pauseOrResume = () => (isPaused ? void act(resume, () => "Resumed.") : setPausing(true));
  useKeys({
    p: [() => (canPause || isPaused) && pauseOrResume(), "Pause the job, or resume it"],
    c: [() => canCancel && setAsking(true), "Cancel the job"],
    r: [() => canRetry && void retry(), "Retry the job"],
  });
  if (isReadOnly) return null;
  return html`<div class="actions">
    <span class="muted" role="status">${said}</span>
    ${problem && html`<${Problem}>${problem}<//>`}
    ${canCancel && html`<button class="danger" onClick=${() => setAsking(true)}>Cancel</button>`}
    ${(isPaused || canPause) && html`<button onClick=${pauseOrResume}>${isPaused ? "Resume" : "Pause"}</button>`}
    ${canRetry && html`<button class="primary" onClick=${retry}>Retry</button>`}
    ${job.holds && html`<button onClick=${skip} title="Those that wait for this job go on without it, and get null in its place">Skip</button>`}
    ${!isFlow(task) && !keyOf(job) && html`<a class="button" href=${link("tasks", task, { from: id })}>Start another like it</a>`}
    ${isPausing && html`<${PauseJobQuestion} id=${id} isWhole=${isFlow(task)} onPaused=${() => say("Paused.")} onClose=${() => setPausing(false)} />`}
    ${isAsking && html`<${Ask} task=${task} isRunning=${state === "running"} onYes=${cancel} onNo=${() => setAsking(false)} />`}
  </div>`;
}

/** @param {{task: string, isRunning: boolean, onYes: (reason: string) => void, onNo: () => void}} props */
function Ask({ task, isRunning, onYes, onNo }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [reason, setReason] = useState("");
  useLayoutEffect(() => box.current?.showModal(), []);
  return html`<dialog class="bulk" ref=${box} onCancel=${onNo} aria-labelledby="cancel-title">
    <h2 id="cancel-title">Cancel this job of ${task}?</h2>
    <p class="muted">${isRunning ? "Its worker stops it; what it has done so far is not undone." : "It will not start."} It keeps its history and can be retried.</p>
    <${CancelFields} reason=${reason} onReason=${setReason} />
    <div class="bulk-actions">
      <button class="quiet" onClick=${onNo}>Keep it</button>
      <button class="danger" onClick=${() => onYes(reason)}>Cancel the job</button>
    </div>
  </dialog>`;
}
