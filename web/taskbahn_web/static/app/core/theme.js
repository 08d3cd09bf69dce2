/** Light, dark, or as the system is; kept in this browser. */

import { signal } from "@preact/signals";

/** @typedef {"system" | "light" | "dark"} Theme */

const KEY = "taskbahn.theme"; // before.js reads it too

/** @type {import("@preact/signals").Signal<Theme>} */
export const theme = signal(kept());

/** Goes up when the colours have changed, by choice or by the system: what is drawn on a canvas must be drawn again. */
export const repainted = signal(0);

globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", () => repainted.value++);

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
  theme.value = chosen;
  const { dataset } = document.documentElement;
  if (chosen === "system") delete dataset.theme;
  else dataset.theme = chosen;
  repainted.value++;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // it holds until the page is left
  }
}

/** @returns {Theme} */
function kept() {
  const chosen = globalThis.document?.documentElement.dataset.theme;
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}
