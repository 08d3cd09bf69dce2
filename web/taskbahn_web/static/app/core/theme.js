/** Light, dark, or as the system is; kept in this browser. */

import { signal } from "@preact/signals";

/** @typedef {"system" | "light" | "dark"} Theme */

const STORAGE_KEY = "taskbahn.theme"; // early-theme.js reads it too

/** @type {import("@preact/signals").Signal<Theme>} */
export const theme = signal(storedTheme());

/** Goes up when the colours have changed, by choice or by the system: what is drawn on a canvas must be drawn again. */
export const repaintCount = signal(0);

globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", () => repaintCount.value++);

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
  theme.value = chosen;
  const { dataset } = document.documentElement;
  if (chosen === "system") delete dataset.theme;
  else dataset.theme = chosen;
  repaintCount.value++;
  try {
    localStorage.setItem(STORAGE_KEY, chosen);
  } catch {
    // it holds until the page is left
  }
}

/** @returns {Theme} */
function storedTheme() {
  const chosen = globalThis.document?.documentElement.dataset.theme;
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}
