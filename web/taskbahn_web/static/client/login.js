/** How a session says who it is: an API token, or a token of a browser, as WAMP's ticket. */

import { TaskbahnError } from "./errors.js";

export const INVALID_TOKEN = "taskbahn.error.invalid_token";
const NO_METHOD = "wamp.error.no_auth_method";
const TOO_MANY = "taskbahn.error.too_many_logins";
const REFUSALS = new Set([
  "wamp.error.authentication_failed",
  "wamp.error.authentication_denied",
  "wamp.error.authorization_failed",
  "wamp.error.no_such_principal",
  "wamp.error.no_such_role",
]);

/** The token's text, or a function that each connection calls for it. @typedef {string | (() => string | Promise<string>)} Token */

/**
 * @param {Token} token
 * @returns {Promise<string>}
 */
export async function textOf(token) {
  const text = typeof token === "function" ? await token() : token;
  if (typeof text !== "string" || !text.trim()) throw new TaskbahnError("the token is no text: give one, or a function that returns one", INVALID_TOKEN);
  return text.trim();
}

/**
 * The options with which wampy logs in; a node without login asks for none.
 * @param {string} text
 */
export function loginOptions(text) {
  return { authid: "*", authmethods: ["ticket", "anonymous"], onChallenge: () => text };
}

/**
 * The error for the reason with which a router ends a session that is not open yet; null: that was no login.
 * @param {string} uri
 * @param {string} [said] by the router
 */
export function loginRefusal(uri, said) {
  if (uri === TOO_MANY) return new TaskbahnError(`this node does not know the token; ${said}`, INVALID_TOKEN);
  if (uri === NO_METHOD) return new TaskbahnError("this node wants a login: connect({ token: … })", INVALID_TOKEN);
  if (!REFUSALS.has(uri)) return null;
  return new TaskbahnError("this node does not know the token, or the token is revoked or over", INVALID_TOKEN);
}
