/** Sessions that decrypt what the router says, in its order; without keys they are as they were. */

import { runSafely } from "./listeners.js";
import { revealed } from "./revealing.js";

/**
 * @param {import("./wamp.js").Dial} dial
 * @param {import("./keys.js").KeyRing} ring
 * @returns {import("./wamp.js").Dial}
 */
export function withKeys(dial, ring) {
  return async (...given) => keyed(await dial(...given), ring);
}

/**
 * @param {import("./wamp.js").Session} session
 * @param {import("./keys.js").KeyRing} ring
 * @returns {import("./wamp.js").Session}
 */
function keyed(session, ring) {
  return {
    get who() {
      return session.who;
    },
    set who(who) {
      session.who = who; // it has another token
    },
    call(procedure, args, kwargs, onProgress) {
      if (ring.isEmpty) return session.call(procedure, args, kwargs, onProgress);
      const line = new Line(ring);
      const { result, cancel } = session.call(procedure, args, kwargs, onProgress && ((value) => line.put(value, onProgress)));
      return { result: line.after(result), cancel };
    },
    subscribe(topic, handler, match) {
      const line = new Line(ring);
      return session.subscribe(topic, (value) => line.put(value, handler), match);
    },
    register: (procedure, handler) => session.register(procedure, handler),
    close: () => session.close(),
  };
}

/** Values of one call or subscription, one after the other. Decrypting takes time; what comes later waits for what came before. */
class Line {
  #ring;
  /** @type {Promise<void> | null} */
  #busy = null;

  /** @param {import("./keys.js").KeyRing} ring */
  constructor(ring) {
    this.#ring = ring;
  }

  /** @param {any} value @param {(value: any) => void} take */
  put(value, take) {
    if (this.#ring.isEmpty && !this.#busy) return take(value);
    const mine = (this.#busy = (this.#busy ?? Promise.resolve())
      .then(() => revealed(this.#ring, value))
      .then((shown) => runSafely(() => take(shown)))
      .finally(() => {
        if (this.#busy === mine) this.#busy = null;
      }));
  }

  /** @param {Promise<any>} result */
  async after(result) {
    try {
      const value = await result;
      return this.#ring.isEmpty ? value : await revealed(this.#ring, value);
    } finally {
      await this.#busy;
    }
  }
}
