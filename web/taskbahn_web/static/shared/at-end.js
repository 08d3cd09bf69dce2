/**
 * A box that grows at its end and stays there until its reader goes up, and from the end again.
 *
 * A key or a wheel scrolls smoothly: it begins with no pixel at all, and a script that scrolls to the end meanwhile stops it. So it counts at
 * once, before anything moves; what else the reader may do (drag, touch, a page's own script) is known by how the box has moved.
 */

const NEAR_END_PIXELS = 24; // pixels from the end that count as at the end for a reader who comes down
const ROUNDING_PIXELS = 0.5; // pixels that are rounding
const INPUT_EFFECT_SECONDS = 1; // seconds in which a movement follows from what the reader did
const INPUT_EVENTS = /** @type {const} */ (["wheel", "touchmove", "pointerdown", "keydown"]);
const UP_KEYS = ["ArrowUp", "PageUp"];
const DOWN_KEYS = ["ArrowDown", "PageDown"];

export class AtEnd {
  #box;
  #changed;
  #isOn = true;
  #isTold = false; // to be off, so it does not matter that all is seen
  #lastTop = 0;
  #lastHeight = 0;
  #touchedAt = -Infinity; // seconds
  #wentUpAt = -Infinity; // seconds, by a key or a wheel
  #sentAt = -Infinity; // seconds, to the end, and nothing that the reader did since

  /**
   * @param {HTMLElement} box
   * @param {(isOn: boolean) => void} changed  called when the reader has left the end, or has come back
   */
  constructor(box, changed) {
    this.#box = box;
    this.#changed = changed;
    for (const touch of INPUT_EVENTS) box.addEventListener(touch, (event) => this.#touched(event), { passive: true });
    box.addEventListener("scroll", () => this.look());
  }

  /** Whether the box stays at its end. */
  get isOn() {
    return this.#isOn;
  }

  /** See where the reader is: before something is added, for the event of a movement comes with the next frame only. */
  look() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    if (!clientHeight) return; // it is not shown
    const left = scrollHeight - clientHeight - scrollTop;
    const isUp = scrollTop < this.#lastTop - ROUNDING_PIXELS;
    const isDown = scrollTop > this.#lastTop + ROUNDING_PIXELS;
    const isAsHigh = scrollHeight === this.#lastHeight;
    const isTouched = now() - this.#touchedAt < INPUT_EFFECT_SECONDS;
    const isGoingUp = now() - this.#wentUpAt < INPUT_EFFECT_SECONDS;
    if (isUp || isDown) this.#lastTop = scrollTop;
    this.#lastHeight = scrollHeight;
    // what is laid out late may turn out higher or lower than it was taken for: that moves the box, too, and is not the reader's doing
    const leaves = isUp && left > 1 && (isTouched || isAsHigh);
    const shrank = isUp && left <= 1 && !isAsHigh && !isTouched;
    if (this.#isOn && leaves && now() - this.#sentAt < INPUT_EFFECT_SECONDS) {
      this.#jump(); // a key before it still scrolls
      return;
    }
    const isWhole = scrollHeight - clientHeight <= 1;
    const returns = (isDown && left < NEAR_END_PIXELS) || (!this.#isTold && (shrank || isWhole));
    if (this.#isOn ? leaves : returns && !isGoingUp) this.#turn(!this.#isOn);
  }

  /** Go to the end if the reader has not left it: after something was added. */
  keep() {
    this.look();
    if (this.#isOn) this.#jump();
  }

  /** Go to the end and stay there. */
  go() {
    this.#wentUpAt = -Infinity;
    this.#sentAt = now();
    if (!this.#isOn) this.#turn(true);
    this.#jump();
  }

  /** Stay away from the end until the reader goes there. */
  leave() {
    this.#isTold = true;
    if (this.#isOn) this.#turn(false);
  }

  /** @param {Event} event */
  #touched(event) {
    const direction = scrollDirection(event);
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    this.#touchedAt = now();
    this.#sentAt = -Infinity;
    this.#wentUpAt = direction < 0 ? this.#touchedAt : -Infinity;
    if (direction < 0 && scrollTop > 0 && this.#isOn) this.#turn(false);
    if (direction === -Infinity) this.#box.scrollTop = 0; // the browser forgets it where a key before it still scrolls
    if (direction > 0 && !this.#isOn && scrollHeight - clientHeight - scrollTop < direction * NEAR_END_PIXELS) this.go();
  }

  /** @param {boolean} isOn */
  #turn(isOn) {
    this.#isOn = isOn;
    if (isOn) this.#isTold = false;
    this.#changed(isOn);
  }

  /** Twice: what comes into view may turn out higher than it was taken for. */
  #jump() {
    const jump = () => {
      this.#box.scrollTop = this.#box.scrollHeight;
      this.#lastTop = this.#box.scrollTop;
      this.#lastHeight = this.#box.scrollHeight;
    };
    jump();
    requestAnimationFrame(() => {
      this.look();
      if (this.#isOn) jump();
    });
  }
}

function now() {
  return performance.now() / 1000;
}

/**
 * Which way a key or a wheel scrolls. To either end is a long way: when the reader would arrive at the last line, it may be elsewhere.
 * @param {Event} event
 * @returns {number}  less than 0: up, more: down; infinite: to the very end
 */
function scrollDirection(event) {
  if ("deltaY" in event) {
    const { ctrlKey, shiftKey, deltaY } = /** @type {WheelEvent} */ (event);
    return ctrlKey || shiftKey ? 0 : Math.sign(deltaY); // with these it enlarges the page, or scrolls sideways
  }
  const { key, altKey, shiftKey } = /** @type {KeyboardEvent} */ (event);
  if (altKey) return 0;
  if (key === " ") return shiftKey ? -1 : 1;
  if (key === "End") return Infinity;
  if (key === "Home") return -Infinity;
  return DOWN_KEYS.includes(key) ? 1 : UP_KEYS.includes(key) ? -1 : 0;
}
