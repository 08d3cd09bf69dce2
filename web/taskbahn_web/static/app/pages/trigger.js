/** One trigger: for which events it waits, what its task gets of them, what it started last, what was changed beside the code, and what may be done. */

import { useEffect, useMemo, useRef } from "preact/hooks";

import { ago, count, fullTime, number } from "../../shared/format.js";
import { isReadOnly } from "../core/access.js";
import { html } from "../core/html.js";
import { go, link, route } from "../core/route.js";
import { triggerNamed } from "../data/directory.js";
import { now, status } from "../data/live.js";
import { CopyButton } from "../parts/copy-button.js";
import { Empty, Problem } from "../parts/note.js";
import { Origin, Starts } from "../parts/schedule-parts.js";
import { TriggerButtons, useTriggerActions } from "../parts/trigger-actions.js";
import { TriggerChanges } from "../parts/trigger-changes.js";
import { TriggerForm } from "../parts/trigger-form.js";
import { LastStart, TriggerState } from "../parts/trigger-parts.js";
import { callCode } from "../text/schedule-fields.js";
import { callTasks, schedulePauseText } from "../text/schedule-text.js";
import { eventText, isPassedOn, mappingOf, meaningText, whereTexts } from "../text/trigger-text.js";
import { quote } from "../data/query-words.js";

/** @typedef {import("../../client/triggers.js").TriggerView} TriggerView */

/** @param {{id: string}} props */
export function Trigger({ id }) {
  const directory = useMemo(() => triggerNamed(id), [id]);
  useEffect(() => directory.open(), [directory]);
  const answer = directory.entries.value;
  const trigger = answer?.triggers[0];
  if (!answer) return html`<section>${directory.problem.value && html`<${Problem}>${directory.problem.value}<//>`}</section>`;
  if (!trigger) {
    return html`<section><h1 class="unseen">${id}</h1><${Empty} title="There is no trigger ${id}">
      It may have been deleted. <a href=${link("triggers")}>See the triggers that there are</a>.
    <//></section>`;
  }
  const reload = () => void directory.load();
  if (route.value.query.get("edit") && !isReadOnly) return html`<${Edit} trigger=${trigger} onChanged=${reload} />`;
  return html`<${Whole} trigger=${trigger} problem=${directory.problem.value} onChanged=${reload} />`;
}

/** The form begins with what holds now; what others change meanwhile does not change it. @param {{trigger: TriggerView, onChanged: () => void}} props */
function Edit({ trigger, onChanged }) {
  const first = useRef(trigger);
  const { id, declared } = first.current;
  const done = () => {
    onChanged();
    go(link("triggers", id));
  };
  return html`<section class="schedule-page">
    <p class="crumbs"><a href=${link("triggers", id)}>${id}</a></p>
    <h1 class="name">Change ${id}</h1>
    ${declared && html`<p class="facts-line">Code declares it. What you change is kept beside that, and holds until you go back to what code says.</p>`}
    <${TriggerForm} trigger=${first.current} leave=${link("triggers", id)} onDone=${done} />
  </section>`;
}

/** @param {{trigger: TriggerView, problem: string, onChanged: () => void}} props */
function Whole({ trigger, problem, onChanged }) {
  const { id, spec, started = 0, lost = 0 } = trigger;
  const { open, shown } = useTriggerActions(trigger, onChanged);
  return html`<section class="schedule-page trigger-page">
    <p class="crumbs"><a href=${link("triggers")}>Triggers</a></p>
    <div class="page-head">
      <h1 class="name">${id} <${Origin} schedule=${trigger} /></h1>
      <${TriggerButtons} trigger=${trigger} open=${open} />
    </div>
    <p class="schedule-words">${spec.kind === "hook" ? "Requests" : "Events"} start <${Starts} schedule=${trigger} /></p>
    <p class="facts-line"><span><${TriggerState} trigger=${trigger} /></span><span>Last <${LastStart} trigger=${trigger} /></span><span>${number(started)} started</span><span class=${lost ? "trigger-lost" : ""}>${number(lost)} lost</span></p>
    ${problem && html`<${Problem}>${problem}<//>`}
    ${shown}
    <${Held} trigger=${trigger} />
    <div class="split split-job">
      <div class="work">
        <${Waits} spec=${spec} />
        <${Gets} spec=${spec} />
      </div>
      <div class="about">
        <${TriggerChanges} trigger=${trigger} onChanged=${onChanged} />
        <${About} trigger=${trigger} />
      </div>
    </div>
  </section>`;
}

/** Why it starts no job: it is paused, its newest event was refused, events found no room, or the node lacks its secret. @param {{trigger: TriggerView}} props */
function Held({ trigger: { pause, trouble, lost = 0, spec } }) {
  const problems = status.value?.problems ?? [];
  const secret = spec.kind === "hook" && problems.find(({ kind, sentence }) => kind === "hook_secret" && sentence.includes(`hook ${spec.name} takes`));
  if (!pause && !trouble && !lost && !secret) return null;
  return html`<section class="troubles" aria-label="What is wrong"><ul>
    ${pause && html`<li class="trouble trouble-warning">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 4.5v7M10 4.5v7" /></svg>
      <div><p class="trouble-what">${pause.orphaned ? "Orphaned" : "Paused"}</p><p>${schedulePauseText(pause, now.value)}</p></div>
    </li>`}
    ${secret && html`<${Wrong} what=${secret.sentence} why=${secret.hint} />`}
    ${trouble && html`<${Wrong} what="The newest event started no job" why=${trouble.message} />`}
    ${lost > 0 && html`<${Wrong} what="${count(lost, "event")} ${lost === 1 ? "is" : "are"} lost" why="There was no room for their jobs, or the store refused them, and more events waited than the dispatcher keeps." />`}
  </ul></section>`;
}

/** @param {{what: string, why?: string}} props */
function Wrong({ what, why }) {
  return html`<li class="trouble trouble-error">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 4v5M8 11.5v.01" /></svg>
    <div><p class="trouble-what">${what}</p>${why && html`<p>${why}</p>`}</div>
  </li>`;
}

/** The events that start something. @param {{spec: import("../../client/triggers.js").TriggerSpec}} props */
function Waits({ spec }) {
  const where = whereTexts(spec);
  const address = `${location.origin}/hooks/${spec.name}`;
  return html`<section class="panel" aria-label="Waits for">
    <h2>Waits for</h2>
    <dl class="facts">
      <div><dt>${spec.kind === "hook" ? "Requests" : "Topic"}</dt><dd><code>${eventText(spec)}</code> <span class="muted">${meaningText(spec)}</span></dd></div>
      <div><dt>Where</dt><dd>${where.length ? html`<ul class="trigger-fields">${where.map((text) => html`<li key=${text}><code>${text}</code></li>`)}</ul>` : html`<span class="muted">all ${spec.kind === "hook" ? "genuine requests" : "of them"}</span>`}</dd></div>
      ${spec.kind === "hook" && html`
        <div><dt>Address</dt><dd><code>${address}</code> <${CopyButton} text=${address} what="the address" /></dd></div>
        <div><dt>Secret</dt><dd><code>${spec.secret}</code> <span class="muted">of the node's environment</span></dd></div>
        ${spec.header && html`<div><dt>Signed in</dt><dd><code>${spec.header}</code></dd></div>`}
        <div><dt>Repetitions</dt><dd>${spec.repeats === "body" ? "the same body is the same request" : "known by the id of the delivery"}</dd></div>
        <div><dt>At most</dt><dd>${number(spec.per_second ?? 100)} a second</dd></div>`}
    </dl>
  </section>`;
}

/** What its task gets of an event. @param {{spec: import("../../client/triggers.js").TriggerSpec}} props */
function Gets({ spec }) {
  const rows = mappingOf(spec);
  const isFlow = !spec.call.task;
  return html`<section class="panel" aria-label=${isFlow ? "The flow gets" : "The task gets"}>
    <h2>${isFlow ? "The flow gets" : "The task gets"}</h2>
    ${isFlow && html`<p class="code-line"><code>${callCode(spec.call)}</code></p>`}
    ${!isFlow && isPassedOn(spec) && html`<p class="muted">${spec.kind === "hook" ? "The body of the request, as its only argument." : "The arguments of the event, as they are."}</p>`}
    ${rows && !rows.length && html`<p class="muted">No arguments.</p>`}
    ${rows && rows.length > 0 && html`<dl class="facts">${rows.map(([name, template]) => html`<div key=${name}><dt>${name}</dt><dd><code>${template}</code></dd></div>`)}</dl>`}
  </section>`;
}

/** @param {{trigger: TriggerView}} props */
function About({ trigger: { spec, last_job, changed_by, changed_at } }) {
  const names = callTasks(spec.call);
  /** @type {[string, unknown][]} */
  const rows = [
    ["Newest job", last_job && html`<a href=${link("jobs", last_job)}><code>${last_job}</code></a>`],
    ["Jobs", names.map((name) => html`<a key=${name} class="trigger-jobs" href=${link("jobs", null, { q: `task:${quote(name)}` })}>all of ${name}</a>`)],
    ["Changed", changed_by && changed_at && html`<time title=${fullTime(changed_at)}>${ago(changed_at, now.value)}</time> by ${changed_by}`],
    ["Note", spec.note],
  ];
  return html`<section class="panel" aria-label="About">
    <h2>About</h2>
    <dl class="facts">${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}
