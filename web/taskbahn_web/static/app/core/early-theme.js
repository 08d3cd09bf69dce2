/** Before anything is drawn: the theme that somebody chose, see theme.js. A plain script, so that the page never flashes. */

try {
  const chosen = localStorage.getItem("taskbahn.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // a browser that keeps nothing shows the system's theme
}
