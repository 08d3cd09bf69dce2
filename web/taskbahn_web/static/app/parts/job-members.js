/** The members of a job: how many are in each state, and they themselves, a page at a time. */

import { html } from "../core/html.js";
import { useKept } from "../core/place.js";
import { link } from "../core/route.js";
import { bahn } from "../data/live.js";
import { STATE_SIGNS } from "../text/flow-text.js";
import { useReloaded } from "./job-graph.js";
import { JobTable } from "./job-table.js";

const PAGE_JOBS = 20;

/** @param {{job: import("../../client/wire.js").JobView}} props  a job that has members */
export function JobMembers({ job: { id, state, members } }) {
  const [only, setOnly] = useKept("members", "");
  const [starts, setStarts] = useKept("members from", [0]); // where the pages up to this one begin
  const choose = (/** @type {string} */ state) => {
    setOnly(state);
    setStarts([0]);
  };
  const after = starts[starts.length - 1];
  const asked = { after, limit: PAGE_JOBS, ...(only && { state: only }) };
  const page = useReloaded(() => bahn.job(id).members(asked), [id, only, after, state, JSON.stringify(members)]);
  if (!members) return null;
  const { counts, total } = members;
  const first = (starts.length - 1) * PAGE_JOBS;
  const of = only ? (counts[only] ?? 0) : total;
  return html`<section class="panel members" aria-label="Members">
    <h2>Members</h2>
    <div class="member-states" role="group" aria-label="Show the members in one state">
      <${Choice} name="" text="All ${total.toLocaleString("en")}" only=${only} onChoose=${choose} />
      ${Object.entries(counts).map(([name, count]) => html`<${Choice} key=${name} name=${name} text=${`${STATE_SIGNS[name]} ${count.toLocaleString("en")} ${name}`} only=${only} onChoose=${choose} />`)}
    </div>
    ${page && page.jobs.length > 0 && html`<${JobTable} jobs=${page.jobs} caption="The members of this job, in the order of their acceptance" />`}
    <div class="pager">
      <button type="button" disabled=${starts.length === 1} onClick=${() => setStarts(starts.slice(0, -1))}>Previous</button>
      <span class="muted">${page ? `${(first + Math.min(1, page.jobs.length)).toLocaleString("en")} to ${(first + page.jobs.length).toLocaleString("en")} of ${of.toLocaleString("en")}` : ""}</span>
      <button type="button" disabled=${!page?.next || first + PAGE_JOBS >= of} onClick=${() => page?.next && setStarts([...starts, page.next])}>Next</button>
      <a href=${link("jobs", null, { q: `parent:${id}` })}>Show them as a list</a>
    </div>
  </section>`;
}

/** @param {{name: string, text: string, only: string, onChoose: (name: string) => void}} props */
function Choice({ name, text, only, onChoose }) {
  return html`<button type="button" class="choice" aria-pressed=${only === name} onClick=${() => onChoose(name)}>${text}</button>`;
}
