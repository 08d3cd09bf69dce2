/** A job that was just started, as it goes on: its bar, then how it ended. */

import { useEffect, useMemo } from "preact/hooks";

import { duration, jsonLine, percent, shortId } from "../../shared/format.js";
import { barShare, summarizeProgress } from "../../shared/how-far.js";
import { plainText } from "../../shared/plain-text.js";
import { html } from "../core/html.js";
import { JobFeed } from "../data/job-feed.js";
import { link } from "../core/route.js";
import { Bar } from "./bar.js";
import { State } from "./state.js";

/** @param {{id: string}} props */
export function StartedJob({ id }) {
  const feed = useMemo(() => new JobFeed(id), [id]);
  useEffect(() => feed.open(), [feed]);
  const job = feed.job.value;
  const { fraction, text } = summarizeProgress(job?.progress);
  const state = job?.state ?? "ready";
  return html`<div class="started" aria-label="The job that was started">
    <p class="started-line">
      <span role="status"><${State} state=${state} /></span>
      <a href=${link("jobs", id)}>Job <code>${shortId(id)}</code></a>
      <span class="started-text">${state === "running" ? [fraction === null ? "" : percent(fraction), text].filter(Boolean).join(" · ") : endText(job)}</span>
    </p>
    <${Bar} fraction=${barShare(state, fraction)} state=${state} label="Progress of the job that was started" />
    ${feed.problem.value && html`<p class="muted">${feed.problem.value}</p>`}
  </div>`;
}

/** @param {import("../../client/wire.js").JobView | null} job */
function endText(job) {
  if (!job?.finished_at) return job?.place?.why ?? "";
  if (job.error) return plainText([job.error.type, job.error.message].filter(Boolean).join(": "));
  const took = job.started_at ? `in ${duration(job.finished_at - job.started_at)}` : "";
  return `${took}${job.result === null || job.result === undefined ? "" : `: ${jsonLine(job.result)}`}`;
}
