/** The package as npm sees it: its version, its types, and that it works where it is installed. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WEB = join(ROOT, "web");
const STATIC = join(WEB, "taskbahn_web/static");
const TSC = join(WEB, "node_modules/typescript/bin/tsc");
const FOLDER = mkdtempSync(join(tmpdir(), "taskbahn-package-"));
after(() => rmSync(FOLDER, { recursive: true }));

const read = (...path) => readFileSync(join(...path), "utf8");
const node = (...command) => execFileSync(process.execPath, command, { cwd: FOLDER, encoding: "utf8", stdio: "pipe" });
const npm = (cwd, ...command) => execFileSync("npm", command, { cwd, encoding: "utf8", stdio: "pipe" });

/** What a command printed, also if it failed. */
function outputOf(command) {
  try {
    return command();
  } catch (error) {
    return `${error.stdout}${error.stderr}`;
  }
}

/** The scripts of README and docs as strict TypeScript programs, by the names of their files. */
function documentedScripts() {
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
  /** @type {Map<string, string>} */
  const scripts = new Map();
  for (const page of pages) {
    const text = read(ROOT, page);
    const blocks = [...text.matchAll(/^```js\n(.*?)^```|<script type="module"[^>]*>\n((?:(?!```).)*?)^ *<\/script>/gms)].map(([, block, inline]) => block ?? inline);
    const inTables = [...text.matchAll(/For a bar: `(.*?)`/g)].map(([, listener]) => {
      return `import type { Job } from "taskbahn";\ndeclare const job: Job, bar: HTMLProgressElement;\njob.onProgress(${listener});\n`;
    });
    for (const script of [...blocks, ...inTables]) {
      if (!/from "(http\S+\/(taskbahn|elements)\.js|taskbahn)"/.test(script)) continue; // of other libraries there are no types here
      const local = script.replaceAll(/"http:\/\/[^"]*\/(taskbahn|elements)\.js"/g, (_, name) => (name === "taskbahn" ? '"taskbahn"' : '"taskbahn/elements.js"'));
      const found = local.replace(/const \[button, bar, output\] = .*;/, "declare const button: HTMLButtonElement, bar: HTMLProgressElement, output: HTMLOutputElement;");
      scripts.set(`script${scripts.size}.mts`, `// ${page}\n${found}`);
    }
  }
  return scripts;
}

test("the package has version and licence of the project", () => {
  const { version, license } = JSON.parse(read(STATIC, "package.json"));
  const setup = read(ROOT, "setup.cfg");
  assert.equal(version, /^version = (\S+)$/m.exec(setup)[1]);
  assert.equal(license, /^license = (\S+)$/m.exec(setup)[1]);
  assert.equal(read(STATIC, "LICENSE"), read(ROOT, "LICENSE"));
});

test("the types are those of the code: npm run declarations", () => {
  const copy = join(FOLDER, "web");
  for (const name of ["tsconfig.json", "tsconfig.declarations.json"]) cpSync(join(WEB, name), join(copy, name));
  cpSync(join(WEB, "frameworks.d.ts"), join(copy, "frameworks.d.ts"));
  symlinkSync(join(WEB, "node_modules"), join(copy, "node_modules")); // vue.js has the types of Vue
  cpSync(STATIC, join(copy, "taskbahn_web/static"), { recursive: true, filter: (path) => !/static\/(app|vendor|types\/(?!tags\.|index\.|jsx\.))/.test(path) });
  assert.equal(outputOf(() => node(TSC, "-p", join(copy, "tsconfig.declarations.json"))), "");
  cpSync(join(STATIC, "client/tasks.d.ts"), join(copy, "taskbahn_web/static/types/client/tasks.d.ts"));
  const [kept, fresh] = [join(STATIC, "types"), join(copy, "taskbahn_web/static/types")];
  const names = (folder) => readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".d.ts")).sort();
  assert.deepEqual(names(kept), names(fresh), "run npm run declarations in web/");
  for (const name of names(fresh)) assert.equal(read(kept, name), read(fresh, name), `${name} is not what the code says: run npm run declarations in web/`);
});

test("the package installs without a registry, loads without a page, and its types hold", () => {
  const [{ filename, files }] = JSON.parse(npm(STATIC, "pack", "--json", "--pack-destination", FOLDER));
  const packed = files.map(({ path }) => path);
  for (const path of ["LICENSE", "README.md", "taskbahn.js", "elements.js", "react.js", "vue.js", "follow/job-store.js", "types/vue.d.ts", "vendor/wampy/LICENSE"]) assert.ok(packed.includes(path), path);
  assert.deepEqual(packed.filter((path) => /^(app|styles|vendor\/(?!wampy))/.test(path)), []);

  npm(FOLDER, "init", "--yes");
  npm(FOLDER, "install", "--offline", "--no-audit", "--no-fund", join(FOLDER, filename));
  const script = `
    const { connect, Bahn, STATES } = await import("taskbahn");
    const { ELEMENTS } = await import("taskbahn/elements.js");
    const refused = await connect({ dial: async () => { throw new Error("no answer") } }).catch(({ message }) => message);
    console.log(typeof Bahn, STATES.length, Object.keys(ELEMENTS).join(), refused);
  `;
  assert.equal(node("--input-type=module", "-e", script).trim(), "function 7 job-log,job-progress,job-question,job-result,task-form no answer");

  cpSync(join(ROOT, "tests/web/usage.ts"), join(FOLDER, "usage.mts"));
  const scripts = documentedScripts();
  for (const [name, script] of scripts) writeFileSync(join(FOLDER, name), script);
  const example = /^```ts\n(.*?)^```/ms.exec(read(ROOT, "docs/browser.md"))[1];
  writeFileSync(join(FOLDER, "example.mts"), example);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--lib", "es2023,dom,dom.iterable"];
  assert.equal(outputOf(() => node(TSC, ...options, "usage.mts")), "");
  assert.equal(outputOf(() => node(TSC, ...options, "example.mts")), "");
  assert.equal(outputOf(() => node(TSC, ...options, ...scripts.keys())), "");

  for (const name of ["@types/react", "csstype"]) cpSync(join(WEB, "node_modules", name), join(FOLDER, "node_modules", name), { recursive: true });
  cpSync(join(ROOT, "tests/web/usage.tsx"), join(FOLDER, "usage.tsx"));
  const [, jsx] = /^```jsx [^\n]*\n(.*?)^```/ms.exec(read(ROOT, "docs/browser.md"));
  const typed = jsx.replace("({ path })", "({ path }: { path: string })").replace("useState(null)", "useState<Job | null>(null)");
  writeFileSync(join(FOLDER, "example.tsx"), `import type { Job } from "taskbahn";\nimport type {} from "taskbahn/jsx";\n${typed}`);
  const asJsx = [...options.map((option) => ({ nodenext: "esnext" })[option] ?? option), "--moduleResolution", "bundler", "--jsx", "react-jsx"];
  assert.equal(outputOf(() => node(TSC, ...asJsx, "usage.tsx")), "");
  assert.equal(outputOf(() => node(TSC, ...asJsx, "example.tsx")), "");
});
