/**
 * @param {import("./wamp.js").Dial} dial
 * @param {import("./keys.js").KeyRing} ring
 * @returns {import("./wamp.js").Dial}
 */
export function withKeys(dial: import("./wamp.js").Dial, ring: import("./keys.js").KeyRing): import("./wamp.js").Dial;
