/** Drawing at the pace of the screen: many requests are one drawing in the next frame. A hidden tab draws nothing. */

const FRAME_MILLISECONDS = 16; // milliseconds

/**
 * Draw at once after a pause, else in the next frame: the reader sees the first change without a frame's delay.
 * @param {() => void} draw
 * @returns {() => void}  requests a drawing
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
 * @returns {() => void}  requests a drawing
 */
export function drawInFrame(draw, next = (callback) => requestAnimationFrame(callback)) {
  let isRequested = false;
  return () => {
    if (isRequested) return;
    isRequested = true;
    next(() => {
      isRequested = false;
      draw();
    });
  };
}
