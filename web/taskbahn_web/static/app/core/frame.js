/** Drawing at the pace of the screen: many wishes are one drawing in the next frame, and a hidden tab draws nothing. */

const FRAME = 16; // milliseconds

/**
 * Draw at once after a pause, else in the next frame: for what somebody waits to see first.
 * @param {() => void} draw
 * @returns {() => void}  wishes for a drawing
 */
export function atOnce(draw) {
  let drawnAt = -Infinity;
  const drawn = () => {
    drawnAt = performance.now();
    draw();
  };
  const soon = inFrame(drawn);
  return () => (!document.hidden && performance.now() - drawnAt > FRAME ? drawn() : soon());
}

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
