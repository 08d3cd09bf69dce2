/** Drawing at the pace of the screen: many wishes are one drawing in the next frame, and a hidden tab draws nothing. */

/**
 * @param {() => void} draw
 * @param {(callback: () => void) => unknown} [next]  calls back in the next frame; a hidden tab has none until it is shown
 * @returns {() => void}  wishes for a drawing
 */
export function inFrame(draw, next = (callback) => requestAnimationFrame(callback)) {
  let isWished = false;
  return () => {
    if (isWished) return;
    isWished = true;
    next(() => {
      isWished = false;
      draw();
    });
  };
}
