/**
 * Making and changing nodes. Text is only ever set as text, and only if it is another one: a live region says what changes. Tasks
 * and users write what it says, so characters that would do something are made visible, also in the attributes that people see.
 */

import { plainText } from "../shared/plain-text.js";

const SEEN_ATTRIBUTES = new Set(["title", "aria-label", "placeholder", "alt"]);

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined>} [attributes]  true: there, without a value; false or undefined: not there
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function makeElement(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children.map((child) => (typeof child === "string" ? plainText(child) : child)));
  return node;
}

/**
 * @param {Element} node
 * @param {string} name  of the attribute
 * @param {string | boolean | undefined | null} value
 */
export function setAttribute(node, name, value) {
  if (value === false || value === undefined || value === null) return node.removeAttribute(name);
  const text = value === true ? "" : SEEN_ATTRIBUTES.has(name) ? plainText(String(value)) : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  const plain = plainText(text);
  if (node.textContent !== plain) node.textContent = plain;
}
