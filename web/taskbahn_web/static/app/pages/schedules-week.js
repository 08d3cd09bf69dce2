/** When schedules are due in the week to come, on the reader's clocks. */

import { useEffect, useMemo } from "preact/hooks";

import { html } from "../core/html.js";
import { WeekTimes } from "../data/week-times.js";
import { Problem } from "../parts/note.js";
import { WeekGrid } from "../parts/week-grid.js";
import { ownZone } from "../text/local-times.js";

export function ScheduleWeek() {
  const times = useMemo(() => new WeekTimes(), []);
  useEffect(() => times.open(), [times]);
  const week = times.week.value;
  return html`${times.problem.value && html`<${Problem}>${times.problem.value}<//>`}
    ${week && html`<p class="muted week-note" role="status">Times are on your clocks, ${ownZone()}. Paused schedules are left out.${!week.isWhole && " More schedules come …"}</p>
      <${WeekGrid} week=${week} />`}`;
}
