/** Job ids: UUIDv7 (RFC 9562, section 5.7), made by the client, so that a submission sent twice creates one job. */

/**
 * @param {number} now  milliseconds since the epoch
 * @param {Uint8Array} bytes  16 random ones; overwritten
 * @returns {string}
 */
export function uuid7(now = Date.now(), bytes = crypto.getRandomValues(new Uint8Array(16))) {
  for (let index = 0; index < 6; index++) bytes[index] = Math.floor(now / 2 ** (8 * (5 - index))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * @param {string} id
 * @returns {number}  when it was made, seconds since the epoch
 */
export function timeOf(id) {
  return parseInt(id.replaceAll("-", "").slice(0, 12), 16) / 1000;
}
