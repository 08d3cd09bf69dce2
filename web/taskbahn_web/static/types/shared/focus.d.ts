/**
 * Focus an element because something has come that the reader waited for, unless the reader types in a field outside of *around*, or a
 * dialog outside of it is open.
 * @param {HTMLElement | null | undefined} element
 * @param {Element} around  what the answer belongs to: a form, the part of the page that changes
 * @param {FocusOptions} [options]
 * @returns {boolean}  whether it was focused
 */
export function offerFocus(element: HTMLElement | null | undefined, around: Element, options?: FocusOptions): boolean;
