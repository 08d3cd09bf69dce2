// What the elements take in JSX of React 18 and newer: `import type {} from "taskbahn/jsx"` once in a program. Written by hand, as index.d.ts.

import type { ClassAttributes, HTMLAttributes } from "react";

import type { JobLog, JobProgress, JobQuestion, JobResult, TaskForm } from "./elements.js";
import type { Options } from "./client/wire.js";
import type { Bahn, Job } from "./taskbahn.js";

type Events<Names extends keyof TaskbahnEvents> = { [Name in Names as `on${Name}`]?: (event: TaskbahnEvents[Name]) => void };
type Ends = Events<"done" | "failed" | "cancelled">;

/** Attributes of every element, with those of its own before those that HTML has. */
type Props<E, Own> = Own & { bahn?: Bahn | null; url?: string; token?: string; tokenUrl?: string; "token-url"?: string; class?: string } & ClassAttributes<E> & Omit<HTMLAttributes<E>, keyof Own>;

/** What the elements that show a job take; React 18 knows only texts as attributes. */
interface OfJob {
  job?: string | Job | null;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "job-log": Props<JobLog, OfJob & Ends & { level?: "debug" | "info" | "warning" | "error" | "critical" | "" }>;
      "job-progress": Props<JobProgress, OfJob & Ends & Events<"progress"> & { cancellable?: boolean; label?: string }>;
      "job-question": Props<JobQuestion, OfJob & Ends & Events<"question" | "answered"> & { who?: string }>;
      "job-result": Props<JobResult, OfJob & Ends & { traceback?: boolean }>;
      "task-form": Props<
        TaskForm,
        Events<"job"> & { task?: string; htmlFor?: string; for?: string; submit?: string; values?: Record<string, unknown>; options?: Options }
      >;
    }
  }
}
