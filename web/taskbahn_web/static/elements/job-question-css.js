/** How `<job-question>` looks. */

import { formCss } from "./form-css.js";

export const css = `${formCss}
  :host { margin-block: 0; }
  .box { margin-block: var(--taskbahn-margin, 1em); }
  .box { display: grid; gap: 0.35em; padding: 1em 1.15em 1.15em; background: var(--panel); border: 1px solid var(--line-strong); border-radius: var(--radius); }
  .question { font-size: 1.15em; font-weight: 600; line-height: 1.35; text-wrap: pretty; overflow-wrap: anywhere; white-space: pre-line; }
  form { margin-top: 0.75em; }
  .label { font-weight: 600; overflow-wrap: anywhere; }
  .actions { flex-wrap: wrap; gap: 0.6em; }
  .actions button { min-width: 5em; max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
  button[part="choice"] { color: var(--accent-text); border-color: currentColor; }
  .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
