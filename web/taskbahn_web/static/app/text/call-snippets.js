/** The same call in three languages, as text to take away. Nothing here touches the page. */

import { stringify } from "../../client/exact-json.js";

/**
 * @typedef {object} Call
 * @property {string} task
 * @property {unknown[]} args
 * @property {Record<string, unknown>} kwargs
 * @property {Record<string, unknown>} [options]
 * @property {string} url  of the router: ws://127.0.0.1:8080/ws
 */

/** @param {Call} call */
export function pythonCall({ task, args, kwargs, options = {}, url }) {
  const given = [...args.map(pythonValue), ...Object.entries(kwargs).map(([name, value]) => pythonArgument(name, value))];
  const chosen = Object.entries(options).map(([name, value]) => pythonArgument(name, value));
  return [
    "from taskbahn import Taskbahn",
    "",
    `app = Taskbahn(${pythonValue(url)})`,
    `task = app.get(${pythonValue(task)})${chosen.length ? `.options(${chosen.join(", ")})` : ""}`,
    `job = task.start(${given.join(", ")})`,
    "print(job.result())",
  ].join("\n");
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function pythonArgument(name, value) {
  return /^[A-Za-z_]\w*$/.test(name) ? `${name}=${pythonValue(value)}` : `**{${pythonValue(name)}: ${pythonValue(value)}}`;
}

/**
 * A value as Python writes it.
 * @param {unknown} value
 * @returns {string}
 */
export function pythonValue(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, each]) => `${pythonValue(name)}: ${pythonValue(each)}`).join(", ")}}`;
  return stringify(value) ?? "None";
}

/** @param {Call} call */
export function javascriptCall({ task, args, kwargs, options = {}, url }) {
  const given = [stringify(task), ...dropEmptyEnd([args, kwargs, options]).map(javascriptValue)];
  return [
    `import { connect } from "${url.replace(/^ws/, "http").replace(/\/ws$/, "")}/taskbahn.js";`,
    "",
    "const bahn = await connect();",
    `const job = await bahn.start(${given.join(", ")});`,
    "console.log(await job.result());",
  ].join("\n");
}

/**
 * What is empty at the end need not be written.
 * @param {(unknown[] | Record<string, unknown>)[]} values
 */
function dropEmptyEnd(values) {
  return values.slice(0, values.findLastIndex((value) => Object.keys(value).length > 0) + 1);
}

/**
 * A value as JavaScript writes it.
 * @param {unknown} value
 * @returns {string}
 */
function javascriptValue(value) {
  if (Array.isArray(value)) return `[${value.map(javascriptValue).join(", ")}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return stringify(value) ?? "null";
  const entries = Object.entries(value).map(([name, each]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : stringify(name)}: ${javascriptValue(each)}`);
  return entries.length ? `{ ${entries.join(", ")} }` : "{}";
}

/** @param {Call} call */
export function shellCommand({ task, args, kwargs, options = {}, url }) {
  const chosen = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${shellValue(value)}`]);
  const given = [...args.map(shellValue), ...Object.entries(kwargs).map(([name, value]) => `${name}=${shellValue(value)}`)];
  return ["taskbahn", "call", task, ...given, ...chosen, "--url", url, "--follow"].map(quoteWord).join(" ");
}

/**
 * A value as the command reads it: JSON, but text as it is if it cannot be taken for something else.
 * @param {unknown} value
 * @returns {string}
 */
function shellValue(value) {
  const asJson = stringify(value) ?? "null";
  return typeof value !== "string" || isAmbiguous(value) ? asJson : value;
}

/** Whether text would be read as JSON, or as a name with a value. @param {string} text */
function isAmbiguous(text) {
  if (/^"|^[A-Za-z_]\w*=|^-/.test(text)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === "";
  }
}

/** @param {string} word */
function quoteWord(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
