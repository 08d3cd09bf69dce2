export class JobResult extends JobElement {
    #private;
}
export type Failure = import("../client/wire.js").Failure;
import { JobElement } from "./job-element.js";
