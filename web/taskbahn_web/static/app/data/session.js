/** Logging in and out: the node gives the browser a cookie for a token, or for a name and a password, which no script reads. */

import { signal } from "@preact/signals";

import { sentence } from "../../taskbahn.js";
import { OWN_PASSWORD } from "../../client/login.js";
import { bahn } from "./live.js";

/** What the login says before it was tried. */
export const loginNotice = signal("");

/**
 * Log in, and load the page again; resolves to a sentence if that cannot be.
 * @param {{token: string} | {name: string, password: string}} shown
 * @returns {Promise<string>}
 */
export async function logIn(shown) {
  try {
    const answer = await post("/login", shown);
    if (!answer.ok) return sentence(new Error((await answer.json()).error));
  } catch {
    return "The node does not answer. Try again in a moment.";
  }
  location.reload();
  return "";
}

/**
 * The ways to log in that the operator of the node has set up, beside those that each node has.
 * @returns {Promise<{company?: string}>}  company: what the button of the company's login is called
 */
export async function loginWays() {
  const answer = await fetch("/login/ways").catch(() => null);
  return answer?.ok ? answer.json() : {};
}

/** Log out, and load the page again. */
export async function logOut() {
  await post("/logout", {}).catch(() => {});
  location.reload();
}

/**
 * Give oneself another password. It ends all sessions of the user, this one too: the page asks for a login then.
 * @param {string} old
 * @param {string} password
 */
export async function changePassword(old, password) {
  await bahn.ask(OWN_PASSWORD, [old, password]);
  loginNotice.value = "The password is changed. Log in with the new one.";
}

/**
 * @param {string} path
 * @param {object} body
 */
function post(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin" });
}
