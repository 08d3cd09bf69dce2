/** The token's text, or a function that each connection calls for it. @typedef {string | (() => string | Promise<string>)} Token */
/**
 * @param {Token} token
 * @returns {Promise<string>}
 */
export function textOf(token: Token): Promise<string>;
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
export const INVALID_TOKEN: "taskbahn.error.invalid_token";
/**
 * The token's text, or a function that each connection calls for it.
 */
export type Token = string | (() => string | Promise<string>);
import { TaskbahnError } from "./errors.js";
