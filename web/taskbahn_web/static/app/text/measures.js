/** What machines are measured in, as a person reads it, and shares of jobs. */

import { number } from "../../shared/format.js";

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** @param {number} count  of bytes */
export function bytes(count) {
  const power = Math.min(UNITS.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${value >= 99.5 ? Math.round(value) : number(value)} ${UNITS[power]}`;
}

/** Cores in use. @param {number} value */
export function cores(value) {
  return value < 0.05 ? "0 cores" : `${value.toFixed(value < 9.95 ? 1 : 0)} ${value.toFixed(1) === "1.0" ? "core" : "cores"}`;
}

/**
 * A share that is never rounded to none or all: "0.4 %", "99.9 %".
 * @param {number} part
 * @param {number} whole
 */
export function share(part, whole) {
  if (!whole) return "";
  const percent = (part / whole) * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.1) return "< 0.1 %";
  return percent < 9.95 || percent > 99 ? `${Math.min(99.9, percent).toFixed(1)} %` : `${Math.round(percent)} %`;
}
