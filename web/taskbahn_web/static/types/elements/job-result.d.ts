export class JobResult extends JobElement {
    set traceback(isShown: boolean);
    /** Whether it shows where in the code an error was raised, and what caused it. */
    get traceback(): boolean;
    #private;
}
export type Failure = import("../client/wire.js").Failure;
export type Words = import("./words.js").Words;
import { JobElement } from "./job-element.js";
