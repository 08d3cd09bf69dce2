/** Styles as constructed sheets, one for each text: a strict Content-Security-Policy takes them, and a thousand elements share them. */

/** @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/** What every element has. The colours are those of the page's `color-scheme`; each can be set from outside. */
const COMMON = `
  :host {
    --ink: var(--taskbahn-ink, light-dark(oklch(0.25 0.025 264), oklch(0.93 0.008 264)));
    --muted: var(--taskbahn-muted, light-dark(oklch(0.49 0.02 264), oklch(0.7 0.018 264)));
    --accent: var(--taskbahn-accent, light-dark(oklch(0.49 0.215 266), oklch(0.72 0.145 266)));
    --accent-seen: var(--accent);
    --accent-text: var(--accent);
    --on-accent: var(--taskbahn-on-accent, light-dark(oklch(1 0 0), oklch(0.17 0.03 266)));
    --good: var(--taskbahn-good, light-dark(oklch(0.52 0.13 155), oklch(0.76 0.15 155)));
    --bad: var(--taskbahn-bad, light-dark(oklch(0.53 0.2 25), oklch(0.72 0.16 25)));
    --warn: var(--taskbahn-warn, light-dark(oklch(0.55 0.12 70), oklch(0.8 0.13 80)));
    --line: var(--taskbahn-line, light-dark(oklch(0.905 0.008 264), oklch(0.33 0.017 264)));
    --line-strong: var(--taskbahn-line-strong, light-dark(oklch(0.8 0.014 264), oklch(0.45 0.02 264)));
    --panel: var(--taskbahn-panel, light-dark(oklch(1 0 0), oklch(0.212 0.014 264)));
    --sunken: var(--taskbahn-sunken, light-dark(oklch(0.962 0.006 264), oklch(0.262 0.016 264)));
    --radius: var(--taskbahn-radius, 8px);
    --font: var(--taskbahn-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif);
    --mono: var(--taskbahn-mono, ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace);
    display: block;
    margin-block: var(--taskbahn-margin, 1em);
    font: var(--taskbahn-size, 0.875rem) / 1.5 var(--font);
    font-variant-numeric: tabular-nums;
    color: var(--ink);
    text-align: start;
  }
  /*
   * Any accent is seen: bars, outlines and the edges of buttons have 3:1 to their ground, text has 4.5:1, in both looks. Text on the accent is black or white, by
   * its relative luminance as WCAG 2 has it.
   */
  @supports (color: oklch(from red l c h)) {
    :host {
      --accent-seen: light-dark(oklch(from var(--accent) min(l, 0.6) c h), oklch(from var(--accent) max(l, 0.66) c h));
      --accent-text: light-dark(oklch(from var(--accent) min(l, 0.5) c h), oklch(from var(--accent) max(l, 0.76) c h));
      --on-accent: var(
        --taskbahn-on-accent,
        color(
          from var(--accent) srgb-linear
          clamp(0, (0.179 - 0.2126 * r - 0.7152 * g - 0.0722 * b) * 1e6, 1)
          clamp(0, (0.179 - 0.2126 * r - 0.7152 * g - 0.0722 * b) * 1e6, 1)
          clamp(0, (0.179 - 0.2126 * r - 0.7152 * g - 0.0722 * b) * 1e6, 1)
        )
      );
    }
  }
  :host([hidden]) { display: none; }
  *, *::before, *::after { box-sizing: border-box; }
  [hidden] { display: none !important; }
  p, ol, pre, dl, dd { margin: 0; padding: 0; }
  ol { list-style: none; }
  pre { font: 0.93em / 1.55 var(--mono); }
  :focus-visible { outline: 2px solid var(--accent-seen); outline-offset: 2px; border-radius: 4px; }
  button {
    min-height: 2.45em;
    padding: 0 1em;
    font: inherit;
    font-weight: 550;
    line-height: 1;
    color: var(--ink);
    background: var(--panel);
    border: 1px solid var(--line-strong);
    border-radius: calc(var(--radius) - 1px);
    cursor: pointer;
    white-space: nowrap;
  }
  button:hover { background: var(--sunken); }
  button[aria-disabled="true"] { opacity: 0.65; cursor: default; }
  b, code, i, label, legend, span { unicode-bidi: isolate; } /* text that runs from right to left turns nothing beside it */
  .muted { color: var(--muted); }
  .problem {
    padding: 0.6em 0.85em;
    color: var(--bad);
    background: color-mix(in oklab, var(--bad) 8%, transparent);
    border-radius: calc(var(--radius) - 1px);
    overflow-wrap: anywhere;
  }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation: none !important; transition: none !important; }
  }
  @media (forced-colors: active) {
    .bar { border: 1px solid CanvasText; }
    .bar i { background: Highlight; }
    .dot { forced-color-adjust: none; }
  }
`;

/**
 * @param {string} css  of one kind of element
 * @returns {CSSStyleSheet[]}
 */
export function styleSheets(css) {
  return [COMMON, css].map((text) => {
    let sheet = sheets.get(text);
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      sheets.set(text, sheet);
    }
    return sheet;
  });
}
