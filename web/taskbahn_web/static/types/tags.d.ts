// So that TypeScript knows what `document.querySelector("job-progress")` finds. The one file of this folder that is written by hand.

import type { JobLog, JobProgress, JobQuestion, JobResult, TaskForm } from "./elements.js";
import type { QuestionView } from "./client/questions.js";
import type { JobView, Progress } from "./client/wire.js";
import type { Job } from "./taskbahn.js";

declare global {
  interface HTMLElementTagNameMap {
    "job-log": JobLog;
    "job-progress": JobProgress;
    "job-question": JobQuestion;
    "job-result": JobResult;
    "task-form": TaskForm;
  }

  /** The events of the elements, for `addEventListener`'s listeners: `(event: TaskbahnEvents["done"]) => …`. */
  interface TaskbahnEvents {
    progress: CustomEvent<Progress>;
    done: CustomEvent<{ job: JobView; result: any }>;
    failed: CustomEvent<{ job: JobView | null; error: unknown }>;
    cancelled: CustomEvent<{ job: JobView; reason: string }>;
    job: CustomEvent<Job>;
    question: CustomEvent<QuestionView | null>;
    answered: CustomEvent<{ name: string; value: unknown }>;
  }
}
