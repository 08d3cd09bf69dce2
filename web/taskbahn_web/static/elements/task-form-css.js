/** How `<task-form>` looks. */

import { formCss } from "./form-css.js";

export const css = `${formCss}
  button[type="button"] { margin-top: 0.7em; }
`;
