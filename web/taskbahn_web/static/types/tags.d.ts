// So that TypeScript knows what `document.querySelector("job-progress")` finds, and what its events bring. Written by hand, as index.d.ts.

import type { JobLog, JobProgress, JobQuestion, JobResult, TaskForm } from "./elements.js";
import type { QuestionView } from "./client/questions.js";
import type { Failure, JobView, Progress } from "./client/wire.js";
import type { Job } from "./taskbahn.js";

declare global {
  interface HTMLElementTagNameMap {
    "job-log": JobLog;
    "job-progress": JobProgress;
    "job-question": JobQuestion;
    "job-result": JobResult;
    "task-form": TaskForm;
  }

  /** The events of the elements, for listeners around them: `(event: TaskbahnEvents["done"]) => …`. */
  interface TaskbahnEvents {
    progress: CustomEvent<Progress>;
    done: CustomEvent<{ job: JobView; result: any }>;
    failed: CustomEvent<{ job: JobView | null; error: Failure | Error }>;
    cancelled: CustomEvent<{ job: JobView; reason: string }>;
    job: CustomEvent<Job>;
    question: CustomEvent<QuestionView | null>;
    answered: CustomEvent<{ name: string; value: unknown }>;
  }
}

type Ends = Pick<TaskbahnEvents, "done" | "failed" | "cancelled">;
type Listener<Own, Name extends keyof Own> = (event: Own[Name]) => unknown;
type Known<Name extends keyof HTMLElementEventMap> = (event: HTMLElementEventMap[Name]) => unknown;

declare module "./elements/job-log.js" {
  interface JobLog {
    addEventListener<Name extends keyof Ends>(type: Name, listener: Listener<Ends, Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof Ends>>(type: Name, listener: Known<Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Name extends keyof Ends>(type: Name, listener: Listener<Ends, Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof Ends>>(type: Name, listener: Known<Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
  }
}

type JobProgressEvents = Ends & Pick<TaskbahnEvents, "progress">;
declare module "./elements/job-progress.js" {
  interface JobProgress {
    addEventListener<Name extends keyof JobProgressEvents>(type: Name, listener: Listener<JobProgressEvents, Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof JobProgressEvents>>(type: Name, listener: Known<Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Name extends keyof JobProgressEvents>(type: Name, listener: Listener<JobProgressEvents, Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof JobProgressEvents>>(type: Name, listener: Known<Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
  }
}

type JobQuestionEvents = Ends & Pick<TaskbahnEvents, "question" | "answered">;
declare module "./elements/job-question.js" {
  interface JobQuestion {
    addEventListener<Name extends keyof JobQuestionEvents>(type: Name, listener: Listener<JobQuestionEvents, Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof JobQuestionEvents>>(type: Name, listener: Known<Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Name extends keyof JobQuestionEvents>(type: Name, listener: Listener<JobQuestionEvents, Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof JobQuestionEvents>>(type: Name, listener: Known<Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
  }
}

declare module "./elements/job-result.js" {
  interface JobResult {
    addEventListener<Name extends keyof Ends>(type: Name, listener: Listener<Ends, Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof Ends>>(type: Name, listener: Known<Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Name extends keyof Ends>(type: Name, listener: Listener<Ends, Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof Ends>>(type: Name, listener: Known<Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
  }
}

type TaskFormEvents = Pick<TaskbahnEvents, "job">;
declare module "./elements/task-form.js" {
  interface TaskForm {
    addEventListener<Name extends keyof TaskFormEvents>(type: Name, listener: Listener<TaskFormEvents, Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof TaskFormEvents>>(type: Name, listener: Known<Name>, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Name extends keyof TaskFormEvents>(type: Name, listener: Listener<TaskFormEvents, Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof TaskFormEvents>>(type: Name, listener: Known<Name>, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
  }
}
