/** wampy 8.0.2 with what it lacks: it never hears that a call is not wanted any more, and gives up its session over one bad value. */

import { TaskbahnError } from "./errors.js";
import { parse, stringifyStrict } from "./exact-json.js";
import { Wampy } from "./wampy.js";
import { MAX_MESSAGE } from "./wire.js";

const INTERRUPT_PREFIX = "[69,"; // how the message begins

export class FixedWampy extends Wampy {
  #onInterrupt;

  /**
   * @param {string} url
   * @param {Record<string, unknown>} options
   * @param {(request: number) => void} onInterrupt  the router wants no answer to an invocation any more
   */
  constructor(url, options, onInterrupt) {
    super(url, options);
    this.#onInterrupt = onInterrupt;
    this._wamp_features.roles.callee.features.call_canceling = true;
  }

  /**
   * wampy ends the session at a message that it does not know; INTERRUPT is one.
   * @override
   * @param {MessageEvent<string>} event
   */
  async _wsOnMessage(event) {
    if (event.data.startsWith(INTERRUPT_PREFIX)) this.#onInterrupt(JSON.parse(event.data)[1]);
    else await super._wsOnMessage(event);
  }

  /**
   * It reads integers beyond 2⁵³ as other ones.
   * @override
   * @param {string} text
   * @returns {unknown}
   */
  _decode(text) {
    try {
      return parse(text);
    } catch {
      return super._decode(text); // which says what is to be said of it
    }
  }

  /**
   * It does not give its handlers the request that they answer.
   * @override
   * @param {[number, number, number, object, ...unknown[]]} message
   */
  async _onInvocationMessage([kind, request, registration, details, ...payload]) {
    await super._onInvocationMessage([kind, request, registration, { ...details, request }, ...payload]);
  }

  /**
   * It looks for an ended subscription without its options, does not find it, and throws where no caller can catch.
   * @override
   * @param {[number, number]} message
   */
  async _onUnsubscribedMessage(message) {
    const request = this._requests[message[1]];
    const ended = [...this._subscriptionsById.values()].find(({ topic, callbacks }) => topic === request.topic && !callbacks.length);
    request.advancedOptions = ended?.advancedOptions;
    await super._onUnsubscribedMessage(message);
  }

  /**
   * It closes the connection over a value that is no JSON, and the router does over a message that is too large.
   * @override
   * @param {unknown} message
   * @returns {string}
   */
  _encode(message) {
    const text = encode(message);
    const size = text.length * 3 > MAX_MESSAGE ? new TextEncoder().encode(text).length : 0;
    if (size > MAX_MESSAGE) throw refusal("too_large", `a message of ${size.toLocaleString("en")} bytes is more than the ${MAX_MESSAGE.toLocaleString("en")} allowed; pass a reference (a URL, an id) instead`);
    return text;
  }
}

/** @param {unknown} message */
function encode(message) {
  try {
    return stringifyStrict(message);
  } catch (error) {
    throw refusal("invalid_request", `it cannot travel as JSON: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  }
}

/**
 * @param {string} name  of the error, as in its URI
 * @param {string} sentence
 * @returns {TaskbahnError & import("./wampy.js").InvocationError}  with what wampy answers an invocation
 */
function refusal(name, sentence) {
  const error = new TaskbahnError(sentence, `taskbahn.error.${name}`);
  return Object.assign(error, { error: error.uri, argsList: [error.message] });
}
