/// <reference path="tags.d.ts" preserve="true" />
export { addTexts } from "./elements/words.js";
/** By tag. */
export const ELEMENTS: {
    "job-log": typeof JobLog;
    "job-progress": typeof JobProgress;
    "job-question": typeof JobQuestion;
    "job-result": typeof JobResult;
    "task-form": typeof TaskForm;
};
import { JobLog } from "./elements/job-log.js";
import { JobProgress } from "./elements/job-progress.js";
import { JobQuestion } from "./elements/job-question.js";
import { JobResult } from "./elements/job-result.js";
import { TaskForm } from "./elements/task-form.js";
export { JobLog, JobProgress, JobQuestion, JobResult, TaskForm };
