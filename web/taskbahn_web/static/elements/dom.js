/** Making and changing nodes. Text is only ever set as text, and only if it is another one: a live region says what changes. */

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined>} [attributes]  true: there, without a value; false or undefined: not there
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function makeElement(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children);
  return node;
}

/**
 * @param {Element} node
 * @param {string} name  of the attribute
 * @param {string | boolean | undefined | null} value
 */
export function setAttribute(node, name, value) {
  if (value === false || value === undefined || value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value === true ? "" : value)) node.setAttribute(name, value === true ? "" : String(value));
}

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
