/**
 * @template T
 * @param {string} verb  whose options they are
 * @param {T} given
 * @param {string[]} known
 * @returns {T}
 */
export function checked<T>(verb: string, given: T, known: string[]): T;
/**
 * The address of a router's WebSocket.
 * @param {string} url
 * @param {string} home  where a relative one begins
 */
export function address(url: string, home: string): string;
