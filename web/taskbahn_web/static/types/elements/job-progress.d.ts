/** @typedef {import("../client/wire.js").JobView} JobView */
export class JobProgress extends JobElement {
    set cancellable(isCancellable: boolean);
    /** Whether it has a button to cancel the job. */
    get cancellable(): boolean;
    set label(label: string);
    /** What the bar is called by those who do not see it. */
    get label(): string;
    #private;
}
export type JobView = import("../client/wire.js").JobView;
import { JobElement } from "./job-element.js";
