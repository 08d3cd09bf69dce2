/** All jobs, live, filtered by state and task; the filter stands in the address. */

import { useEffect, useMemo } from "preact/hooks";

import { STATES } from "../../taskbahn.js";
import { tasks } from "../directory.js";
import { number } from "../format.js";
import { html } from "../html.js";
import { JobList } from "../job-list.js";
import { status } from "../live.js";
import { JobTable } from "../parts/job-table.js";
import { Empty, Problem } from "../parts/note.js";
import { go, link, route } from "../route.js";

export function Jobs() {
  const { query } = route.value;
  const [state, task] = [query.get("state"), query.get("task")];
  const list = useMemo(() => new JobList({ state, task }), [state, task]);
  useEffect(() => list.open(), [list]);
  useEffect(() => tasks.open(), []);
  const jobs = list.jobs.value;

  return html`<section>
    <div class="page-head"><h1>Jobs</h1><${TaskFilter} state=${state} task=${task} /></div>
    <${StateFilter} state=${state} task=${task} />
    ${list.problem.value && html`<${Problem}>${list.problem.value}<//>`}
    ${jobs.length > 0 && html`<${JobTable} jobs=${jobs} caption="Jobs, newest first" />`}
    ${jobs.length === 0 && !list.isLoading.value && !list.problem.value && html`<${NoJobs} isFiltered=${Boolean(state || task)} />`}
    ${list.next.value !== null && html`<p class="more"><button onClick=${() => list.more()}>Show more</button></p>`}
  </section>`;
}

/** @param {{state: string | null, task: string | null}} props */
function StateFilter({ state, task }) {
  const counts = status.value?.jobs ?? {};
  return html`<nav class="chips" aria-label="Filter by state">
    ${[null, ...STATES].map(
      (each) => html`<a
        key=${each}
        class="chip ${each ? `state-${each}` : ""}"
        href=${link("jobs", null, { state: each, task })}
        aria-current=${each === state ? "true" : undefined}
      >
        ${each && html`<i class="dot" aria-hidden="true"></i>`}${each ?? "all"}
        ${each && html`<span class="chip-count">${number(counts[each] ?? 0)}</span>`}
      </a>`,
    )}
  </nav>`;
}

/** @param {{state: string | null, task: string | null}} props */
function TaskFilter({ state, task }) {
  const names = (tasks.entries.value ?? []).map(({ name }) => name);
  if (task && !names.includes(task)) names.unshift(task);
  const onChange = (/** @type {{currentTarget: HTMLSelectElement}} */ { currentTarget }) => go(link("jobs", null, { state, task: currentTarget.value }));
  return html`<label class="task-filter">
    <span class="unseen">Filter by task</span>
    <select value=${task ?? ""} onChange=${onChange}>
      <option value="">every task</option>
      ${names.map((name) => html`<option key=${name} value=${name} selected=${name === task}>${name}</option>`)}
    </select>
  </label>`;
}

/** @param {{isFiltered: boolean}} props */
function NoJobs({ isFiltered }) {
  if (isFiltered) return html`<${Empty} title="No such jobs">Nothing matches this filter now. <a href=${link("jobs")}>Show all jobs</a><//>`;
  if (tasks.entries.value?.length) {
    return html`<${Empty} title="No jobs yet">Choose one of the <a href=${link("tasks")}>tasks</a> and start it from its form, or from a terminal:
    <//><pre class="command"><code>taskbahn call ${tasks.entries.value[0].name} --follow</code></pre>`;
  }
  return html`<${Empty} title="No jobs yet" command="taskbahn worker photos:app">Start a worker; the tasks that it offers can then be called from here:<//>`;
}
