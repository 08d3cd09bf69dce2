/** The whole at a glance: what is wrong, the numbers with their history, what failed last and what runs longest. */

import { useEffect, useMemo } from "preact/hooks";

import { HistoryFeed } from "../data/history.js";
import { html } from "../core/html.js";
import { status } from "../data/live.js";
import { pauseOf, pauses } from "../data/pauses.js";
import { Chart } from "../parts/chart.js";
import { Empty, Problem } from "../parts/note.js";
import { PauseButton, PauseNotices, usePausing } from "../parts/pause.js";
import { Problems } from "../parts/problems.js";
import { RANGES, findRange } from "../charts/ranges.js";
import { link, route } from "../core/route.js";
import { tileSentence, overviewTiles } from "../charts/tiles.js";
import { LatestFailures, LongestRunning } from "./overview-lists.js";

export function Overview() {
  const range = findRange(route.value.query.get("range"));
  const feed = useMemo(() => new HistoryFeed(range.seconds), [range]);
  useEffect(() => feed.open(), [feed]);
  const { ask, shown } = usePausing();
  const node = status.value;
  if (!node) return html`<section><div class="page-head"><h1>Overview</h1></div></section>`;
  const isNew = Object.values(node.jobs).every((jobs) => !jobs);
  const problems = node.problems ?? [];
  return html`<section class="overview">
    <div class="page-head">
      <h1>Overview</h1>
      ${!isNew && html`<div class="actions"><${Ranges} chosen=${range.name} />${!pauseOf("") && html`<${PauseButton} query="" ask=${ask} />`}</div>`}
    </div>
    ${shown}
    <${PauseNotices} pauses=${pauses.value} ask=${ask} />
    ${(problems.length > 0 || (!isNew && !pauses.value.length)) && html`<${Problems} problems=${problems} />`}
    ${feed.problem.value && html`<${Problem}>${feed.problem.value}<//>`}
    ${isNew && html`<${FirstSteps} workers=${node.workers} />`}
    ${!isNew && html`<${Tiles} node=${node} feed=${feed} range=${range} /><div class="split split-even"><${LatestFailures} /><${LongestRunning} /></div>`}
  </section>`;
}

/** @param {{chosen: string}} props */
function Ranges({ chosen }) {
  return html`<nav class="choice" aria-label="Time range">
    ${RANGES.map(
      ({ name, text }) => html`<a key=${name} href=${link("overview", null, { range: name })} aria-current=${name === chosen ? "true" : undefined}>${text}</a>`,
    )}
  </nav>`;
}

/**
 * @param {object} props
 * @param {import("../../client/wire.js").Status} props.node
 * @param {HistoryFeed} props.feed
 * @param {import("../charts/ranges.js").Range} props.range
 */
function Tiles({ node, feed, range }) {
  const [history, rates] = [feed.history.value, feed.rates.value];
  const tiles = useMemo(() => overviewTiles(node, history, rates), [node, history, rates]);
  return html`<ul class="tiles">
    ${tiles.map((tile) => html`<${Tile} key=${tile.title} tile=${tile} history=${history} range=${range} />`)}
  </ul>`;
}

/**
 * @param {object} props
 * @param {import("../charts/tiles.js").Tile} props.tile
 * @param {import("../../client/wire.js").History | null} props.history
 * @param {import("../charts/ranges.js").Range} props.range
 */
function Tile({ tile, history, range }) {
  const { title, figure, note, where, isBad, lines, format } = tile;
  return html`<li class="tile">
    <h2>${where ? html`<a href=${where}>${title}</a>` : title}</h2>
    <p class="tile-figure ${isBad ? "tile-bad" : ""}">${figure}</p>
    <p class="tile-note cut" title=${note}>${note}</p>
    ${history && lines.length > 0
      ? html`<${Chart}
          title=${title} start=${history.start} step=${history.step} lines=${lines} format=${format}
          formatTime=${(/** @type {number} */ time) => range.time(time)} label=${tileSentence(tile, range.words)}
        />`
      : html`<div class="chart"></div>`}
    <p class="tile-time" aria-hidden="true"><span>${range.ago}</span><span>now</span></p>
  </li>`;
}

/** @param {{workers: number}} props */
function FirstSteps({ workers }) {
  if (workers) {
    return html`<${Empty} title="No job yet" command="taskbahn call NAME --follow">
      A worker is ready. Choose one of <a href=${link("tasks")}>its tasks</a> and start it from its form, or from a terminal:
    <//>`;
  }
  return html`<${Empty} title="The node is ready; now it needs a worker" command="taskbahn worker photos:app">
    A task is a Python function under <code>@app.task</code>. Start a worker with the module that has yours:
  <//>
  <p class="empty-next">Then call one of its tasks, here from its form or from another terminal:</p>
  <pre class="command"><code>taskbahn call NAME --follow</code></pre>`;
}
