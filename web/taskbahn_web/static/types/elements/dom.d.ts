/**
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined>} [attributes]  true: there, without a value; false or undefined: not there
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function makeElement(tag: string, attributes?: Record<string, string | boolean | undefined>, ...children: (Node | string)[]): HTMLElement;
/**
 * @param {Element} node
 * @param {string} name  of the attribute
 * @param {string | boolean | undefined | null} value
 */
export function setAttribute(node: Element, name: string, value: string | boolean | undefined | null): void;
/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node: Node, text: string): void;
