// What `import … from "taskbahn"` gives. Written by hand: `Tasks` can be filled in by programs only where `export *` brings it.

export * from "./taskbahn.js";
export * from "./client/tasks.js";
export type { ConnectionState } from "./client/connection.js";
export type { Flow } from "./client/flows.js";
export type { JobEvent } from "./client/job.js";
export type { QuestionView } from "./client/questions.js";
export type { Failure, JobView, LogLine, Options, Place, Progress, Stage, State } from "./client/wire.js";
