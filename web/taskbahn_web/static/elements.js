/// <reference path="./types/tags.d.ts" preserve="true" />
/**
 * Elements for any page: `<job-progress>`, `<job-log>`, `<job-question>`, `<job-result>`, `<task-form>`. Loading this module makes them known.
 *
 *     <script type="module" src="/elements.js"></script>
 *     <task-form task="images.thumbnail" for="bar"></task-form>
 *     <job-progress id="bar" cancellable></job-progress>
 */

import { JobLog } from "./elements/job-log.js";
import { JobProgress } from "./elements/job-progress.js";
import { JobQuestion } from "./elements/job-question.js";
import { JobResult } from "./elements/job-result.js";
import { TaskForm } from "./elements/task-form.js";

export { addTexts } from "./elements/words.js";
export { JobLog, JobProgress, JobQuestion, JobResult, TaskForm };

/** By tag. */
export const ELEMENTS = {
  "job-log": JobLog,
  "job-progress": JobProgress,
  "job-question": JobQuestion,
  "job-result": JobResult,
  "task-form": TaskForm,
};

// a server that renders pages has none
if (globalThis.customElements) {
  for (const [tag, element] of Object.entries(ELEMENTS)) {
    if (!customElements.get(tag)) customElements.define(tag, element);
  }
}
