export class JobLog extends JobElement {
    set level(level: Level | "");
    /** The least level that is shown; all if empty. @returns {Level | ""} */
    get level(): Level | "";
    /** Whether it shows the newest line whenever there is one: until the reader scrolls up, and from the end again. */
    get isFollowing(): boolean;
    #private;
}
export type Event = import("../client/wire.js").Event;
export type Level = "debug" | "info" | "warning" | "error" | "critical";
import { JobElement } from "./job-element.js";
