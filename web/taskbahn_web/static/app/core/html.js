/**
 * Markup in plain JavaScript: `html` makes Preact elements from tagged templates. All text that comes onto the page so, and each hint of
 * an element, is plain: no part has to think of what others put into a name, a tag or an error. Values of fields stay as they are.
 */

import htm from "htm";
import { h, options } from "preact";

import { plainText } from "../../shared/plain-text.js";

export const html = htm.bind(h);

const HINTS = ["title", "aria-label", "aria-valuetext", "placeholder", "data-name"];
const before = options.vnode;

options.vnode = (node) => {
  const { type } = node;
  const props = /** @type {any} */ (node.props);
  if (typeof props === "string") node.props = /** @type {any} */ (plainText(props)); // of a text, these are all there is
  else if (typeof type === "string") HINTS.forEach((name) => typeof props[name] === "string" && (props[name] = plainText(props[name])));
  before?.(node);
};

/** @typedef {import("preact").ComponentChildren} Children */
