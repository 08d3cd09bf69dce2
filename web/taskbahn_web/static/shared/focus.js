/** Moves the focus for the reader, and never away from a field in which the reader types: an answer or a page may come late. */

const TEXT_FIELDS = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select";

/**
 * Focus an element because something has come that the reader waited for, unless the reader types in a field outside of *around*, or a
 * dialog outside of it is open.
 * @param {HTMLElement | null | undefined} element
 * @param {Element} around  what the answer belongs to: a form, the part of the page that changes
 * @param {FocusOptions} [options]
 * @returns {boolean}  whether it was focused
 */
export function offerFocus(element, around, options) {
  if (!element || isBusyElsewhere(around)) return false;
  element.focus(options);
  return true;
}

/** @param {Element} around */
function isBusyElsewhere(around) {
  const dialog = around.ownerDocument.querySelector("dialog[open]");
  if (dialog && !dialog.contains(around)) return true;
  const active = focusedElement(around);
  if (!active || around.contains(active)) return false;
  return active.matches(TEXT_FIELDS) || /** @type {HTMLElement} */ (active).isContentEditable;
}

/**
 * What has the focus, looked for inside of elements with a tree of their own, as far as *around* is in it.
 * @param {Element} around
 * @returns {Element | null}
 */
function focusedElement(around) {
  const root = /** @type {Document | ShadowRoot} */ (around.getRootNode());
  if (root.activeElement) return root.activeElement;
  let active = around.ownerDocument.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active;
}
