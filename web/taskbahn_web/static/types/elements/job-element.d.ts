/** @typedef {import("../client/wire.js").JobView} JobView */
export class JobElement extends TaskbahnElement {
    /** What is known of the job. @protected @type {import("./feed.js").Feed | null} */
    protected feed: import("./feed.js").Feed | null;
    /** Also takes a `Job`. */
    set job(job: string | {
        id: string;
    } | null);
    /** The job's id. @returns {string} */
    get job(): string;
    /** The job as it is now, as far as it is known. @returns {JobView | null} */
    get view(): JobView | null;
    /** The node's time; of a job that is not heard of now, when it was last heard of. @protected @returns {number} seconds since the epoch */
    protected get time(): number;
    /** Whether its times move. @protected */
    protected get isHeard(): boolean;
    /** @protected @param {unknown} error */
    protected problemText(error: unknown): string;
    /**
     * @protected
     * @param {import("../client/wire.js").Progress} _progress
     */
    protected progressed(_progress: import("../client/wire.js").Progress): void;
    #private;
}
export type JobView = import("../client/wire.js").JobView;
import { TaskbahnElement } from "./element.js";
