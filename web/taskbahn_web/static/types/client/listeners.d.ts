/** Telling listeners, so that one which throws keeps nobody else from hearing. */
/**
 * @template T
 * @param {Iterable<(value: T) => void>} listeners
 * @param {T} value
 */
export function notify<T>(listeners: Iterable<(value: T) => void>, value: T): void;
/**
 * Do something of others. What it throws the page sees as an uncaught error.
 * @param {() => void} action
 */
export function runSafely(action: () => void): void;
