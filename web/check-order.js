/** Checks that each part of what a browser loads imports only from the parts below it (docs/architecture.md lists them), and that no modules import each other in a circle. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const STATIC = join(import.meta.dirname, "taskbahn_web/static");
const PARTS = [
  "app/main.js", "app/shell", "app/pages", "app/parts", "app/data", "app/charts", "app/text", "app/core",
  "react.js", "vue.js", "follow", "elements.js", "elements", "shared", "taskbahn.js", "client", "vendor",
]; // top down
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g;
const COMMENT = /\/\*[^]*?\*\//g; // types that are only named there lead anywhere

const modules = readdirSync(STATIC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
const placeOf = (name) => PARTS.findIndex((part) => name === part || name.startsWith(`${part}/`));
const imports = new Map(modules.map((name) => [name, importsOf(name)]));

/** The modules that a module imports. @param {string} name */
function importsOf(name) {
  const source = readFileSync(join(STATIC, name), "utf8").replace(COMMENT, "");
  return [...source.matchAll(IMPORT)].map(([, path]) => relative(STATIC, join(STATIC, dirname(name), path)));
}

/** Circles that a walk from *name* meets. @param {string} name @param {string[]} way @param {Set<string>} done */
function* circles(name, way, done) {
  if (way.includes(name)) yield [...way.slice(way.indexOf(name)), name].join(" -> ");
  else if (!done.has(name)) {
    for (const imported of imports.get(name) ?? []) yield* circles(imported, [...way, name], done);
    done.add(name);
  }
}

const problems = [];
const done = new Set();
for (const [name, imported] of imports) {
  if (placeOf(name) < 0) problems.push(`${name} is in no part: add its folder to PARTS in web/check-order.js, and to docs/architecture.md`);
  for (const other of imported.filter((one) => placeOf(one) < placeOf(name))) {
    problems.push(`${name} imports ${other}, which is in ${PARTS[placeOf(other)]}, above ${PARTS[placeOf(name)]}: move what both need to a part below`);
  }
  for (const circle of circles(name, [], done)) problems.push(`a circle: ${circle}`);
}
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
