/** Calls listeners. One that throws does not keep the others from being called. */
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
