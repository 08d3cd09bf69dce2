/** uPlot as a chart of the page needs it: no axes, the colours of the theme, a pointer that all charts share. */

/**
 * @typedef {object} Plot
 * @property {(data: (number | null)[][]) => void} setData
 * @property {(index: number | null) => number} point  put the cursor on a value, or nowhere; returns where that is, in pixels
 * @property {() => void} destroy
 */

const TOP_PIXELS = 16; // pixels above the highest value, for its figure
const NOWHERE = { left: -10, top: -10 };

/** @type {Promise<typeof import("uplot")> | null} */
let loading = null;

/** @returns {Promise<typeof import("uplot")>} */
function loadPlotter() {
  loading ??= Promise.all([import("uplot"), loadStylesheet("/vendor/uplot/uPlot.css")]).then(([{ default: made }]) => made);
  loading.catch(() => (loading = null));
  return loading;
}

/** @param {string} href */
function loadStylesheet(href) {
  return new Promise((resolve, reject) => {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve, onerror: reject });
    document.head.append(sheet);
  });
}

/**
 * Draw, and redraw when the width changes.
 * @param {HTMLElement} host
 * @param {import("../charts/tiles.js").Line[]} lines
 * @param {(number | null)[][]} data
 * @param {(under: import("./chart.js").Under | null) => void} onPointer
 * @returns {Promise<Plot>}
 */
export async function plot(host, lines, data, onPointer) {
  const UPlot = await loadPlotter();
  const size = () => ({ width: host.clientWidth, height: host.clientHeight });
  const drawn = new UPlot(
    {
      ...size(),
      padding: [TOP_PIXELS, 2, 1, 2],
      legend: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "taskbahn", setSeries: false }, points: { size: 7 } },
      scales: { x: { time: false }, y: { range: (_, __, highest) => [0, highest > 0 ? highest : 1] } },
      axes: [{ show: false }, { show: false }],
      series: [{}, ...lines.map((line) => makeSeries(host, line))],
      hooks: { setCursor: [(chart) => onPointer(pointedValue(chart))] },
    },
    /** @type {import("uplot").AlignedData} */ (data),
    host,
  );
  const watch = new ResizeObserver(() => host.clientWidth && drawn.setSize(size()));
  watch.observe(host);
  return {
    setData: (newest) => drawn.setData(/** @type {import("uplot").AlignedData} */ (newest)),
    point: (index) => {
      // not valToPos: it goes by the values of before until new ones are drawn
      const left = index === null ? NOWHERE.left : (drawn.over.clientWidth * index) / Math.max(1, drawn.data[0].length - 1);
      drawn.setCursor(index === null ? NOWHERE : { left, top: 0 }, false);
      return left;
    },
    destroy: () => {
      watch.disconnect();
      drawn.destroy();
    },
  };
}

/**
 * @param {HTMLElement} host
 * @param {import("../charts/tiles.js").Line} line
 * @returns {import("uplot").Series}
 */
function makeSeries(host, { tone, isFaint }) {
  const stroke = toneColour(host, tone);
  const soft = stroke.replace(/\)$/, " / 14%)");
  return { stroke: isFaint ? stroke.replace(/\)$/, " / 55%)") : stroke, width: isFaint ? 1 : 1.75, fill: isFaint ? undefined : soft, points: { show: true, size: 4, fill: stroke, filter: findIsolated } };
}

/**
 * The values without a neighbour: no line shows them.
 * @param {import("uplot")} chart
 * @param {number} index  of the line
 */
function findIsolated({ data }, index) {
  const values = data[index];
  return [...values.keys()].filter((at) => isKnown(values[at]) && !isKnown(values[at - 1]) && !isKnown(values[at + 1]));
}

/** @param {number | null | undefined} value */
function isKnown(value) {
  return value !== null && value !== undefined;
}

/**
 * What a colour of the stylesheet is in the theme of now, as `oklch(…)`.
 * @param {HTMLElement} host
 * @param {string} tone
 */
function toneColour(host, tone) {
  const probe = document.createElement("i");
  probe.className = `tone-${tone}`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Only of the chart that the pointer itself is over; the others just mark the time. @param {import("uplot")} chart */
function pointedValue({ cursor, over }) {
  const { idx, left } = cursor;
  return typeof idx === "number" && typeof left === "number" && left >= 0 && over.matches(":hover") ? { index: idx, left } : null;
}
