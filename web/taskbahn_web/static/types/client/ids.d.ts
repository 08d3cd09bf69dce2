/** Job ids: UUIDv7 (RFC 9562, section 5.7), made by the client, so that a submission sent twice creates one job. */
/**
 * @param {number} now  milliseconds since the epoch
 * @param {Uint8Array} bytes  16 random ones; overwritten
 * @returns {string}
 */
export function uuid7(now?: number, bytes?: Uint8Array): string;
/**
 * @param {string} id
 * @returns {number}  when it was made, seconds since the epoch
 */
export function timeOf(id: string): number;
