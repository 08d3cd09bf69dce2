/** Options by name. An unknown one is refused: ignored, it would be missed too late. */

import { TaskbahnError } from "./errors.js";

const MAX_TYPO_LETTERS = 2; // letters that may be wrong

/**
 * @template T
 * @param {string} verb  whose options they are
 * @param {T} given
 * @param {string[]} known
 * @returns {T}
 */
export function checkOptions(verb, given, known) {
  if (typeof given !== "object" || given === null) {
    throw refusal(`${verb} takes its options as an object, { ${known[0]}: … }, and not ${JSON.stringify(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const meant = known.find((each) => editDistance(name.toLowerCase(), each.toLowerCase()) <= MAX_TYPO_LETTERS);
    throw refusal(`${verb} has no option '${name}'${meant ? ` (did you mean '${meant}'?)` : ""}; it has ${known.join(", ")}`);
  }
  return given;
}

/**
 * The address of a router's WebSocket.
 * @param {string} url
 * @param {string} home  where a relative one begins
 */
export function routerAddress(url, home) {
  if (!URL.canParse(url, home)) throw refusal(`'${url}' is no address of a router: give one such as ws://127.0.0.1:8080/ws`);
  const { href, protocol } = new URL(url, home);
  if (!/^(ws|http)s?:$/.test(protocol)) throw refusal(`'${url}' is no address of a router: a browser reaches it by ws: or wss:, not ${protocol}`);
  return href.replace(/^http/, "ws");
}

/** How many letters must be changed, left out or put in. @param {string} a @param {string} b */
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) next.push(Math.min(row[j] + Number(letter !== other), row[j + 1] + 1, next[j] + 1));
    row = next;
  }
  return row[b.length];
}

/** @param {string} sentence */
function refusal(sentence) {
  return new TaskbahnError(sentence, "taskbahn.error.invalid_option");
}
