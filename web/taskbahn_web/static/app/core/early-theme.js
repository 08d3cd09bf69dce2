/** Sets the chosen theme before the browser draws anything, see theme.js. A plain script, so that the page never flashes. */

try {
  const chosen = localStorage.getItem("taskbahn.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser without storage shows the system's theme.
}
