/**
 * @typedef {import("../client/wire.js").TaskView} TaskView
 * @typedef {import("../client/wire.js").Options} Options
 * @typedef {import("../taskbahn.js").Bahn} Bahn
 */
export class TaskForm extends TaskbahnElement {
    /** What the fields begin with, by argument; the task's defaults for the rest. @type {Record<string, unknown>} */
    values: Record<string, unknown>;
    /** Of the jobs that it starts: queue, priority, tags … @type {Options} */
    options: Options;
    set task(task: string);
    /** The task's name. */
    get task(): string;
    set submit(text: string);
    /** The text of the button; "Start job" if empty. */
    get submit(): string;
    set htmlFor(ids: string);
    /** The ids of the elements that show the job, as the attribute `for`. */
    get htmlFor(): string;
    #private;
}
export type TaskView = import("../client/wire.js").TaskView;
export type Options = import("../client/wire.js").Options;
export type Bahn = import("../taskbahn.js").Bahn;
import { TaskbahnElement } from "./element.js";
