/** The page: its head, and the place that the address names. */

import { render } from "preact";
import { useEffect } from "preact/hooks";

import { Header } from "./header.js";
import { html } from "./html.js";
import { Job } from "./pages/job.js";
import { Jobs } from "./pages/jobs.js";
import { Task } from "./pages/task.js";
import { Tasks } from "./pages/tasks.js";
import { Workers } from "./pages/workers.js";
import { Empty } from "./parts/note.js";
import { link, route } from "./route.js";

function Page() {
  const { page, id, query } = route.value;
  const from = query.get("from");
  useEffect(() => {
    document.title = `${id ?? page[0].toUpperCase() + page.slice(1)} · Taskbahn`;
  }, [page, id]);
  if (page === "jobs") return id ? html`<${Job} key=${id} id=${id} />` : html`<${Jobs} />`;
  if (page === "tasks") return id ? html`<${Task} key="${id} ${from}" name=${id} from=${from} />` : html`<${Tasks} />`;
  if (page === "workers") return html`<${Workers} />`;
  return html`<${Empty} title="There is no such page">The address may be mistyped. <a href=${link("jobs")}>Show all jobs</a><//>`;
}

render(html`<${Header} /><main id="main"><${Page} /></main>`, /** @type {HTMLElement} */ (document.getElementById("page")));
