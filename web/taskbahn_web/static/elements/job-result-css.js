/** How `<job-result>` looks. */

export const css = `
  pre {
    max-height: var(--taskbahn-result-height, 24em);
    padding: 0.7em 0.9em;
    overflow: auto;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    background: var(--sunken);
    border-radius: calc(var(--radius) - 1px);
  }
  details { border: 1px solid var(--line); border-radius: var(--radius); }
  summary { display: flex; gap: 1em; align-items: baseline; padding: 0.5em 0.8em; cursor: pointer; }
  summary::before { content: "▸"; flex: none; color: var(--muted); }
  details[open] > summary::before { content: "▾"; }
  summary::-webkit-details-marker { display: none; }
  summary code { flex: 1; min-width: 0; overflow: hidden; font: 0.93em var(--mono); text-overflow: ellipsis; white-space: nowrap; }
  details > :not(summary) { margin: 0 0.6em 0.6em; }
  .failure { display: grid; gap: 0.6em; }
  .failure > pre { white-space: pre; }
  .what { padding: 0.6em 0.85em; overflow-wrap: anywhere; background: color-mix(in oklab, var(--bad) 8%, transparent); border-radius: calc(var(--radius) - 1px); }
  .what b { color: var(--bad); }
  .what.cancelled { background: var(--sunken); }
  .cancelled b { color: var(--ink); }
`;
