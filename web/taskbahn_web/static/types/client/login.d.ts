/**
 * The token's text, or a function that each connection calls for it; it may return what `fetch` does.
 * @typedef {string | (() => string | Response | Promise<string | Response>)} Token
 */
/**
 * @param {Token} token
 * @param {number} [timeout]  seconds for a function
 * @returns {Promise<string>}  rejects with INVALID_TOKEN where asking again is of no use before a person does something
 */
export function textOf(token: Token, timeout?: number): Promise<string>;
/**
 * The options with which wampy logs in; a node without login asks for none.
 * @param {string} text
 */
export function loginOptions(text: string): {
    authid: string;
    authmethods: string[];
    onChallenge: () => string;
};
/**
 * The error for the reason with which a router ends a session that is not open yet; null: that was no login.
 * @param {string} uri
 * @param {string} [said] by the router
 */
export function loginRefusal(uri: string, said?: string): TaskbahnError | null;
export const TOKEN: "taskbahn.token";
export const TOKEN_RENEW: "taskbahn.token.renew";
export const OWN_PASSWORD: "taskbahn.user.password";
export const INVALID_TOKEN: "taskbahn.error.invalid_token";
export const NOT_ALLOWED: "taskbahn.error.not_allowed";
/**
 * The token's text, or a function that each connection calls for it; it may return what `fetch` does.
 */
export type Token = string | (() => string | Response | Promise<string | Response>);
import { TaskbahnError } from "./errors.js";
