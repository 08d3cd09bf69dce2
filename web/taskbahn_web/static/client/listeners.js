/** Calls listeners. One that throws does not keep the others from being called. */

/**
 * @template T
 * @param {Iterable<(value: T) => void>} listeners
 * @param {T} value
 */
export function notify(listeners, value) {
  for (const listener of listeners) runSafely(() => listener(value));
}

/**
 * Do something of others. What it throws the page sees as an uncaught error.
 * @param {() => void} action
 */
export function runSafely(action) {
  try {
    action();
  } catch (error) {
    if (typeof globalThis.reportError === "function") globalThis.reportError(error);
    else console.error(error);
  }
}
