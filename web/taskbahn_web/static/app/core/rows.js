/** Moves the focus from row to row with the keyboard: each row is its first link. */

/**
 * Move the focus to the next row, or the one before; from elsewhere to the first one.
 * @param {HTMLElement | null} body  what the rows are in
 * @param {1 | -1} step
 */
export function focusRow(body, step) {
  const links = [...(body?.children ?? [])].map((row) => row.querySelector("a")).filter((found) => found !== null);
  const here = links.findIndex((found) => found.closest("tr, li") === document.activeElement?.closest("tr, li"));
  const next = here === -1 ? (step === 1 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, here + step));
  links[next]?.focus();
}
