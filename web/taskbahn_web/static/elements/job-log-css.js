/** How `<job-log>` looks. */

export const css = `
  .box { position: relative; }
  .log {
    height: var(--taskbahn-log-height, 18em);
    padding: 0.55em 0;
    overflow: auto;
    overflow-anchor: none;
    font: 0.9em / 1.6 var(--mono);
    background: var(--panel);
    border: 1px solid var(--line);
    border-radius: var(--radius);
  }
  .log:focus-visible { outline-offset: -1px; border-radius: var(--radius); }
  .block.full { content-visibility: auto; contain-intrinsic-size: auto 80em; }
  .line { display: grid; grid-template-columns: auto 5.2em minmax(0, 1fr); gap: 0.9em; padding: 0 0.9em; }
  .line:hover { background: var(--sunken); }
  time { color: var(--muted); white-space: nowrap; user-select: none; }
  b { font-weight: 500; color: var(--muted); }
  .line span { white-space: pre-wrap; overflow-wrap: anywhere; }
  .rank-0 span { color: var(--muted); }
  .rank-2 b { font-weight: 650; color: var(--warn); }
  .rank-3 :is(b, span), .rank-4 :is(b, span) { color: var(--bad); }
  .rank-3 b, .rank-4 b { font-weight: 650; }
  .from-1 .rank-0,
  .from-2 :is(.rank-0, .rank-1),
  .from-3 :is(.rank-0, .rank-1, .rank-2),
  .from-4 :is(.rank-0, .rank-1, .rank-2, .rank-3) { display: none; }
  .note { padding: 0 0.9em 0.3em; font-family: var(--font); color: var(--muted); }
  button {
    position: absolute;
    inset-block-end: 0.9em;
    inset-inline-end: 1.2em;
    min-height: 2em;
    font-size: 0.93em;
    color: var(--on-accent);
    background: var(--accent);
    border-color: var(--accent-seen);
    border-radius: 999px;
    box-shadow: 0 2px 8px rgb(0 0 0 / 18%);
  }
  button:hover { background: var(--accent); text-decoration: underline; }
  :host { container-type: inline-size; }
  @container (width < 30em) {
    .line { grid-template-columns: auto minmax(0, 1fr); gap: 0.6em; }
    .line b { display: none; }
    .rank-2 span { color: var(--warn); }
  }
`;
