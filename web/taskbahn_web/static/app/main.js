/** The dashboard: its header, the navigation, and the page that the address names. */

import { render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { offerFocus } from "../shared/focus.js";
import { plainText } from "../shared/plain-text.js";
import { drawWhenVisible } from "./core/drawing.js";
import { Header } from "./shell/header.js";
import { html } from "./core/html.js";
import { placeKey, scrollBack } from "./core/place.js";
import { preloadPages, pageName, loadedPage } from "./shell/load-pages.js";
import { Empty } from "./parts/note.js";
import { Navigation } from "./shell/navigation.js";
import { link, route } from "./core/route.js";
import { isLoginWanted } from "./data/live.js";
import { Login } from "./shell/login.js";
import { Shortcuts } from "./shell/shortcuts.js";

function Page() {
  const { id, query } = route.value;
  const name = pageName(route.value);
  if (!name) return html`<${Empty} isPage title="There is no such page">The address may be mistyped. <a href=${link("overview")}>Show the overview</a><//>`;
  const Shown = loadedPage(name);
  const from = query.get("from");
  if (!Shown) return html`<section aria-busy="true"></section>`;
  return id ? html`<${Shown} key="${id} ${from}" id=${id} name=${id} from=${from} />` : html`<${Shown} />`;
}

/** The part that changes: another page begins at its top, or where it was left, and the keyboard and a screen reader go on there. */
function Main() {
  const { page, id } = route.value;
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    document.title = `${id ? `${plainText(id)} · ` : ""}${page[0].toUpperCase() + page.slice(1)} · Taskbahn`;
    if (!isFirst.current && main.current) offerFocus(main.current, main.current, { preventScroll: true });
    if (!isFirst.current) scrollTo(0, 0);
    isFirst.current = false;
  }, [page, id]);
  useLayoutEffect(scrollBack, [page, id, placeKey()]);
  return html`<main id="main" tabindex="-1" ref=${main}><${Page} /></main>`;
}

/** Before all else, for the keyboard. The address belongs to the pages, so this is no plain link to `#main`. */
function SkipLink() {
  const skip = (/** @type {Event} */ event) => {
    event.preventDefault();
    document.getElementById("main")?.focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the content</a>`;
}

drawWhenVisible();
preloadPages();
function Whole() {
  if (isLoginWanted.value) return html`<${Login} />`;
  return html`<${SkipLink} /><${Header} /><${Navigation} /><${Main} /><${Shortcuts} />`;
}

render(
  html`<${Whole} />`,
  /** @type {HTMLElement} */ (document.getElementById("page")),
);
