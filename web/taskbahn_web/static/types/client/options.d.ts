/**
 * @template T
 * @param {string} verb  whose options they are
 * @param {T} given
 * @param {string[]} known
 * @returns {T}
 */
export function checkOptions<T>(verb: string, given: T, known: string[]): T;
/**
 * The address of a router's WebSocket.
 * @param {string} url
 * @param {string} home  where a relative one begins
 */
export function routerAddress(url: string, home: string): string;
