/** How a worker's slots are drawn. Nothing here touches the page. */

export const MAX_SQUARES = 120; // more slots are one bar

/**
 * @param {number} slots
 * @param {number} running
 * @returns {boolean[]}  whether each slot is in use; empty if there are too many to draw each
 */
export function slotSquares(slots, running) {
  return slots > MAX_SQUARES ? [] : Array.from({ length: Math.max(slots, running) }, (_, index) => index < running);
}
