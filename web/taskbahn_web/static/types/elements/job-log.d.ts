export class JobLog extends JobElement {
    set level(level: string);
    /** The least level that is shown: debug, info, warning, error or critical; all if empty. */
    get level(): string;
    /** Whether it shows the newest line whenever there is one: until the reader scrolls up, and from the end again. */
    get isFollowing(): boolean;
    #private;
}
export type Event = import("../client/wire.js").Event;
import { JobElement } from "./job-element.js";
