/** How a session says who it is: an API token, or a token of a browser, as WAMP's ticket. */

import { TaskbahnError } from "./errors.js";

export const TOKEN = "taskbahn.token";
export const TOKEN_RENEW = "taskbahn.token.renew";
export const OWN_PASSWORD = "taskbahn.user.password";
export const INVALID_TOKEN = "taskbahn.error.invalid_token";
export const NOT_ALLOWED = "taskbahn.error.not_allowed";
const NO_ANSWER = "taskbahn.error.no_token"; // the function may well have one in a moment
const NO_METHOD = "wamp.error.no_auth_method";
const TOO_MANY = "taskbahn.error.too_many_logins";
const REFUSALS = new Set([
  "wamp.error.authentication_failed",
  "wamp.error.authentication_denied",
  "wamp.error.authorization_failed",
  "wamp.error.no_such_principal",
  "wamp.error.no_such_role",
]);
const ANSWER_TIMEOUT_SECONDS = 30; // seconds for a function to return a token
const MAX_LENGTH = 8192; // characters of a token; the node's own ones are shorter
const LOOKS_LIKE_A_PAGE = /^(<!doctype|<html|\{\s*")/i; // or like JSON: what a backend sends in place of a token

/**
 * The token's text, or a function that each connection calls for it; it may return what `fetch` does.
 * @typedef {string | (() => string | Response | Promise<string | Response>)} Token
 */

/**
 * @param {Token} token
 * @param {number} [timeout]  seconds for a function
 * @returns {Promise<string>}  rejects with INVALID_TOKEN where asking again is of no use before a person does something
 */
export async function textOf(token, timeout = ANSWER_TIMEOUT_SECONDS) {
  const given = typeof token === "function" ? await inTime(async () => bodyOf(await token()), timeout) : token;
  if (typeof given !== "string" || !given.trim()) throw new TaskbahnError("the token is no text: give one, or a function that returns one", INVALID_TOKEN);
  const text = given.trim();
  if (text.length > MAX_LENGTH || LOOKS_LIKE_A_PAGE.test(text)) {
    throw new TaskbahnError(`the function for the token returned something else, ${text.length} characters long: it is to return the text alone`, INVALID_TOKEN);
  }
  return text;
}

/**
 * @param {unknown} answer  of a function
 * @returns {Promise<unknown>}  the text in an answer of `fetch`
 */
async function bodyOf(answer) {
  if (!globalThis.Response || !(answer instanceof Response)) return answer;
  if (answer.ok) return answer.text();
  const { status, url } = answer;
  const isPassing = status >= 500 || status === 429;
  const what =
    isPassing ? "the kit asks again"
    : status === 405 ? "this route takes no GET, which the elements and a plain fetch() send: let it take GET, and answer with Cache-Control: no-store"
    : status === 404 ? "there is no such route"
    : "who uses the page may have to log in there";
  const uri = isPassing ? NO_ANSWER : INVALID_TOKEN;
  throw new TaskbahnError(`the backend gave no token${url && ` at ${url}`}, but answered ${status}: ${what}`, uri, { status });
}

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @param {number} timeout  seconds
 * @returns {Promise<T>}
 */
function inTime(ask, timeout) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TaskbahnError(`the function for the token did not answer in ${timeout} seconds`, NO_ANSWER)), timeout * 1000);
  });
  return /** @type {Promise<T>} */ (Promise.race([ask(), late])).finally(() => clearTimeout(timer));
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
  return new TaskbahnError("this node does not know the token, or the token is revoked or over: give connect another one, or a function that gets one", INVALID_TOKEN);
}
