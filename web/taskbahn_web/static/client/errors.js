/** What can go wrong, as one class: a sentence, the URI it travelled under, and its data under plain names. */

const PREFIX = "taskbahn.error.";

export const UNKNOWN_JOB = PREFIX + "unknown_job";
export const CONNECTION_LOST = "taskbahn.error.connection_lost";

/** What the same request may well do without in a moment: the node is starting, stopping, or its store is busy. */
const PASSING_URIS = new Set([PREFIX + "not_ready", PREFIX + "store_unavailable", PREFIX + "router_unavailable"]);

/** Crossbar's words for calls that were on their way when the dispatcher stopped. */
const CANCELED = "wamp.error.canceled";
const CALLEE_GONE = /callee disconnected/i;

export class TaskbahnError extends Error {
  /**
   * @param {string} message  a sentence
   * @param {string} [uri]
   * @param {Record<string, any>} [detail]
   */
  constructor(message, uri = PREFIX + "error", detail = {}) {
    super(message);
    this.name = "TaskbahnError";
    this.uri = uri;
    this.detail = detail;
  }

  /** True if the connection went away before the answer came. */
  get isConnectionLost() {
    return this.uri === CONNECTION_LOST;
  }

  /** True if the same request may work in a moment. */
  get isPassing() {
    return this.isConnectionLost || PASSING_URIS.has(this.uri) || (this.uri === CANCELED && CALLEE_GONE.test(this.message));
  }

  /** What is wrong with each argument, if that is what is wrong. @returns {Record<string, string>} */
  get fields() {
    return this.uri === PREFIX + "invalid_arguments" ? (this.detail.fields ?? {}) : {};
  }
}

/**
 * @param {{error?: string, message?: string, detail?: Record<string, any>}} info  an `ErrorInfo` out of a list of answers
 */
export function fromInfo(info) {
  return new TaskbahnError(info.message ?? info.error ?? "something failed", info.error, info.detail);
}

/** @param {string} [why] */
export function connectionLost(why = "the connection to the router was lost before the answer came") {
  return new TaskbahnError(why, CONNECTION_LOST);
}

/**
 * @param {unknown} error
 * @returns {string}  a sentence for a person
 */
export function sentence(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".") : "Something failed.";
}
