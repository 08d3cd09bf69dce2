/** Logging in and out: the node gives the browser a cookie for a token, which no script reads. */

import { sentence } from "../../taskbahn.js";

/**
 * Log in, and load the page again; resolves to a sentence if that cannot be.
 * @param {string} token
 * @returns {Promise<string>}
 */
export async function logIn(token) {
  try {
    const answer = await post("/login", { token });
    if (!answer.ok) return sentence(new Error((await answer.json()).error));
  } catch {
    return "The node does not answer. Try again in a moment.";
  }
  location.reload();
  return "";
}

/** Log out, and load the page again. */
export async function logOut() {
  await post("/logout", {}).catch(() => {});
  location.reload();
}

/**
 * @param {string} path
 * @param {object} body
 */
function post(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin" });
}
