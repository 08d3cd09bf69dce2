/** Drawing at the pace of the screen: many requests are one drawing in the next frame. A hidden tab draws nothing. */

const FRAME_MILLISECONDS = 16; // milliseconds

/** The browser's clock, frames and timers. */
const SCREEN = {
  now: () => performance.now(),
  isHidden: () => document.hidden,
  nextFrame: (/** @type {() => void} */ callback) => void requestAnimationFrame(callback),
  later: (/** @type {() => void} */ callback, /** @type {number} */ milliseconds) => void setTimeout(callback, milliseconds),
};

/**
 * Draw at once after a pause: the reader sees the first change without a frame's delay. While changes keep coming, draw after the next frame, and
 * not before as much time has passed as the last drawing took: a slow browser keeps half of its time for what comes in.
 * @param {() => void} draw
 * @param {typeof SCREEN} [screen]
 * @returns {() => void}  requests a drawing
 */
export function drawPromptly(draw, { now, isHidden, nextFrame, later } = SCREEN) {
  let isBusy = false;
  let isWanted = false;
  const drawOnce = () => {
    isBusy = true;
    isWanted = false;
    const begin = now();
    draw();
    // a timer that a frame's callback sets runs after the layout and the painting of that frame
    nextFrame(() => later(() => later(rest, Math.max(0, now() - begin - FRAME_MILLISECONDS)), 0));
  };
  const rest = () => {
    isBusy = false;
    if (isWanted) drawOnce();
  };
  const whenShown = drawInFrame(drawOnce, nextFrame);
  return () => {
    if (isHidden()) whenShown();
    else if (isBusy) isWanted = true;
    else drawOnce();
  };
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
