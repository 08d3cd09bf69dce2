/** Markup in plain JavaScript: `html` makes Preact elements from tagged templates. */

import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);

/** @typedef {import("preact").ComponentChildren} Children */
