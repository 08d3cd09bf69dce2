/** Drawing at the pace of the screen: many wishes are one drawing in the next frame, and a hidden tab draws nothing. */

const FRAME_MILLISECONDS = 16; // milliseconds

/**
 * Draw at once after a pause, else in the next frame: for what somebody waits to see first.
 * @param {() => void} draw
 * @returns {() => void}  wishes for a drawing
 */
export function drawPromptly(draw) {
  let drawnAt = -Infinity;
  const drawn = () => {
    drawnAt = performance.now();
    draw();
  };
  const soon = drawInFrame(drawn);
  return () => (!document.hidden && performance.now() - drawnAt > FRAME_MILLISECONDS ? drawn() : soon());
}

/**
 * @param {() => void} draw
 * @param {(callback: () => void) => unknown} [next]  calls back in the next frame; a hidden tab has none until it is shown
 * @returns {() => void}  wishes for a drawing
 */
export function drawInFrame(draw, next = (callback) => requestAnimationFrame(callback)) {
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
