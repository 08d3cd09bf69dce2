/** How the forms of the elements look. */

export const formCss = `
  form, .fields { display: grid; gap: 1.15em; }
  .field { display: grid; gap: 0.35em; }
  label { display: flex; gap: 0.7em; align-items: baseline; font-weight: 600; overflow-wrap: anywhere; }
  .kind { font-size: 0.86em; font-weight: 400; color: var(--muted); }
  .note { font-size: 0.93em; color: var(--muted); text-wrap: pretty; }
  .wrong { font-size: 0.93em; font-weight: 550; color: var(--bad); }
  .wrong:empty { display: none; }
  input, select, textarea {
    width: 100%;
    min-height: 2.6em;
    padding: 0.5em 0.7em;
    font: inherit;
    line-height: 1.4;
    color: var(--ink);
    background: var(--panel);
    border: 1px solid var(--line-strong);
    border-radius: calc(var(--radius) - 1px);
  }
  input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: -1px; border-radius: calc(var(--radius) - 1px); }
  textarea { display: block; resize: vertical; }
  .json, .bytes { font-family: var(--mono); font-size: 0.93em; }
  .field.json, .field.bytes { font: inherit; }
  .integer, .number, input[type="date"], input[type="time"], input[type="datetime-local"] { max-width: 16em; }
  .field.integer, .field.number { max-width: none; }
  input[type="file"] { padding: 0; min-height: 0; font-size: 0.93em; border: 0; background: none; }
  .field.boolean { grid-template-columns: auto 1fr; gap: 0.35em 0.7em; align-items: center; }
  .field.boolean > :not(label, input[type="checkbox"]) { grid-column: 1 / -1; }
  .field.boolean > input { order: -1; }
  .field.boolean > select { order: 0; grid-column: 1 / -1; max-width: 16em; }
  input[type="checkbox"] { width: 1.15em; min-height: 0; height: 1.15em; margin: 0; accent-color: var(--accent-seen); }
  [aria-invalid="true"] { border-color: var(--bad); outline-color: var(--bad); }
  ::placeholder { color: var(--muted); opacity: 1; }
  .actions { display: flex; }
  button[type="submit"] { color: var(--on-accent); background: var(--accent); border-color: var(--accent-seen); }
  button[type="submit"]:hover { background: var(--accent); text-decoration: underline; }
`;
