/** What the times of a form mean, asked for while the reader types. */

import { useEffect, useState } from "preact/hooks";

import { sentence, TaskbahnError } from "../../taskbahn.js";
import { DraftError, whenOf } from "../text/schedule-draft.js";
import { bahn } from "./live.js";

/**
 * @typedef {object} Preview
 * @property {import("../../client/schedule-views.js").ScheduleTimes | null} times
 * @property {string} problem  a sentence
 * @property {number | null} position  of the wrong character in the line, from 1
 * @property {string} field  which is wrong; "" if that is not known
 */

const TYPING_MILLISECONDS = 200;
const SHOWN = 10; // times

/** The field that has the times of a kind. @type {Record<string, string>} */
const FIELDS = { cron: "line", every: "interval", sun: "event", calendar: "rule", dates: "dates", json: "json" };

/** @param {import("../text/schedule-draft.js").Draft} draft @returns {Preview} */
export function useSchedulePreview(draft) {
  const [preview, setPreview] = useState(/** @type {Preview} */ ({ times: null, problem: "", position: null, field: "" }));
  const key = JSON.stringify([draft.kind, draft.line, draft.zone, draft.skipped_time, draft.repeated_time, draft.interval, draft.from, draft.event, draft.latitude, draft.longitude, draft.rule, draft.dates, draft.json]);
  useEffect(() => {
    let isOld = false;
    const look = async () => {
      const found = await previewOf(draft);
      if (!isOld) setPreview(found);
    };
    const timer = setTimeout(() => void look(), TYPING_MILLISECONDS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [key]);
  return preview;
}

/** @param {import("../text/schedule-draft.js").Draft} draft @returns {Promise<Preview>} */
async function previewOf(draft) {
  try {
    return { times: await bahn.schedules.preview(whenOf(draft), { count: SHOWN }), problem: "", position: null, field: "" };
  } catch (error) {
    if (error instanceof DraftError) return { times: null, problem: sentence(error), position: null, field: error.field };
    const position = error instanceof TaskbahnError && typeof error.detail.position === "number" ? error.detail.position : null;
    const isZone = position === null && /time zone/.test(String(error));
    return { times: null, problem: sentence(error), position, field: isZone ? "zone" : FIELDS[draft.kind] };
  }
}
