/** The node's settings in groups, and their values as a person reads them. */

import { count, json, number, wholeDuration } from "../../shared/format.js";

/** @typedef {import("../../client/wire.js").Setting} Setting */

const KIB_BYTES = 1024;

const VERSION = /^versions\./;

/**
 * What the node runs on: names and versions.
 * @param {Setting[]} settings
 * @returns {[string, string][]}
 */
export function listVersions(settings) {
  return settings.filter(({ name }) => VERSION.test(name)).map(({ name, value }) => [name.replace(VERSION, ""), String(value)]);
}

/**
 * The other settings by the first word of their names, the node's own first.
 * @param {Setting[]} settings
 * @returns {[string, Setting[]][]}
 */
export function groupSettings(settings) {
  /** @type {Map<string, Setting[]>} */
  const groups = new Map();
  for (const setting of settings.filter(({ name }) => !VERSION.test(name))) {
    const [first, rest] = setting.name.split(/\.(.*)/);
    const title = rest ? first[0].toUpperCase() + first.slice(1).replaceAll("_", " ") : "Node";
    groups.set(title, [...(groups.get(title) ?? []), setting]);
  }
  return [...groups].sort(([a], [b]) => Number(b === "Node") - Number(a === "Node"));
}

/** @param {Setting} setting */
export function settingText({ value, unit = "" }) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(", ");
  if (typeof value !== "number") return typeof value === "string" ? value : json(value);
  if (!unit) return String(value); // a port is no amount
  if (unit === "bytes") return bytesText(value);
  if (unit === "s") return value < 60 ? `${number(value)} s` : wholeDuration(value);
  return unit.endsWith("s") ? count(value, unit.slice(0, -1)) : `${number(value)} ${unit}`;
}

/** @param {number} value */
function bytesText(value) {
  if (value < KIB_BYTES) return count(value, "byte");
  if (value < KIB_BYTES * KIB_BYTES) return `${number(value / KIB_BYTES)} KiB`;
  return value < KIB_BYTES ** 3 ? `${number(value / KIB_BYTES ** 2)} MiB` : `${number(value / KIB_BYTES ** 3)} GiB`;
}
