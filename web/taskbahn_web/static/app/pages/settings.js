/** What is set: how this page looks, and the node's effective configuration with where each value comes from. */

import { useEffect, useMemo } from "preact/hooks";

import { VIEW_SETTINGS } from "../../client/wire.js";
import { Answer } from "../data/answer.js";
import { ago, fullTime } from "../../shared/format.js";
import { html } from "../core/html.js";
import { now, status } from "../data/live.js";
import { Problem } from "../parts/note.js";
import { groupSettings, settingText, listVersions } from "../text/settings-text.js";
import { chooseTheme, theme } from "../core/theme.js";

/** @typedef {import("../../client/wire.js").Setting} Setting */

const THEMES = /** @type {const} */ ([["system", "As the system"], ["light", "Light"], ["dark", "Dark"]]);

export function Settings() {
  const answer = useMemo(() => /** @type {Answer<Setting[]>} */ (new Answer(VIEW_SETTINGS, { matters: () => false })), []);
  useEffect(() => answer.open(), [answer]);
  const settings = answer.value.value ?? [];
  return html`<section class="settings">
    <div class="page-head"><h1>Settings</h1></div>
    ${answer.problem.value && html`<${Problem}>${answer.problem.value}<//>`}
    <div class="split split-even">
      <${Looks} />
      <${Node} versions=${listVersions(settings)} />
    </div>
    ${groupSettings(settings).map(([title, members]) => html`<${Group} key=${title} title=${title} settings=${members} />`)}
  </section>`;
}

function Looks() {
  return html`<section class="panel" aria-label="This page">
    <h2>This page</h2>
    <fieldset class="choice">
      <legend class="unseen">Theme</legend>
      ${THEMES.map(
        ([name, text]) => html`<label key=${name}><input type="radio" name="theme" value=${name} checked=${theme.value === name} onChange=${() => chooseTheme(name)} />${text}</label>`,
      )}
    </fieldset>
    <p class="field-note">Kept in this browser.</p>
  </section>`;
}

/** @param {{versions: [string, string][]}} props */
function Node({ versions }) {
  const node = status.value;
  return html`<section class="panel" aria-label="This node">
    <h2>This node</h2>
    ${node && html`<p class="facts-line"><span>Taskbahn ${node.version}, started <time title=${fullTime(node.started_at)}>${ago(node.started_at, now.value)}</time></span></p>`}
    <dl class="versions">${versions.map(([name, version]) => html`<div key=${name}><dt>${name}</dt><dd title=${version}>${version}</dd></div>`)}</dl>
  </section>`;
}

/** @param {{title: string, settings: Setting[]}} props */
function Group({ title, settings }) {
  return html`<section class="setting-group" aria-label=${title}>
    <h2>${title}</h2>
    <table class="table settings-table">
      <caption class="unseen">${title}: settings with their values and where these come from</caption>
      <thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Comes from</th><th scope="col">To change it</th></tr></thead>
      <tbody>${settings.map((setting) => html`<${Row} key=${setting.name} setting=${setting} />`)}</tbody>
    </table>
  </section>`;
}

/** @param {{setting: Setting}} props */
function Row({ setting }) {
  const { name, source, help, change } = setting;
  return html`<tr>
    <th scope="row"><code>${name}</code><span class="setting-help">${help}</span></th>
    <td class="setting-value">${settingText(setting)}</td>
    <td><span class="badge ${source === "default" ? "" : "badge-set"}">${source}</span></td>
    <td class="setting-change">${change || html`<span class="muted">fixed</span>`}</td>
  </tr>`;
}
