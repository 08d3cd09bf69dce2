/**
 * @typedef {object} Message  what a watch tells, one thing at a time
 * @property {import("./wire.js").JobView} [snapshot]
 * @property {import("./wire.js").Event[]} [events]
 * @property {import("./wire.js").Place | null} [place]
 * @property {import("./wire.js").Members} [members]
 *
 * @typedef {object} Watcher
 * @property {(job: import("./wire.js").JobView) => void} [onSnapshot]  once on each session
 * @property {(events: import("./wire.js").Event[]) => void} [onEvents]
 * @property {(place: import("./wire.js").Place | null) => void} [onPlace]  why it does not run yet; null once it waits no more
 * @property {(question: Question | null) => void} [onQuestion]  the first question that is open; null once none is
 * @property {(members: import("./wire.js").Members) => void} [onMembers]  how its members are; at most four times a second
 *
 * @typedef {object} Watch
 * @property {Promise<import("./wire.js").JobView>} outcome  the job, when it has ended; never settles once stopped
 * @property {() => void} stop
 */
/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} id
 * @param {Watcher} watcher
 * @param {number} [after]  the number of the last event that is known
 * @param {import("./keys.js").KeyRing} [ring]
 * @returns {Watch}
 */
export function watch(connection: import("./connection.js").Connection, id: string, watcher: Watcher, after?: number, ring?: import("./keys.js").KeyRing): Watch;
/**
 * what a watch tells, one thing at a time
 */
export type Message = {
    snapshot?: import("./wire.js").JobView | undefined;
    events?: import("./wire.js").Event[] | undefined;
    place?: import("./wire.js").Place | null | undefined;
    members?: import("./wire.js").Members | undefined;
};
export type Watcher = {
    /**
     * once on each session
     */
    onSnapshot?: ((job: import("./wire.js").JobView) => void) | undefined;
    onEvents?: ((events: import("./wire.js").Event[]) => void) | undefined;
    /**
     * why it does not run yet; null once it waits no more
     */
    onPlace?: ((place: import("./wire.js").Place | null) => void) | undefined;
    /**
     * the first question that is open; null once none is
     */
    onQuestion?: ((question: Question | null) => void) | undefined;
    /**
     * how its members are; at most four times a second
     */
    onMembers?: ((members: import("./wire.js").Members) => void) | undefined;
};
export type Watch = {
    /**
     * the job, when it has ended; never settles once stopped
     */
    outcome: Promise<import("./wire.js").JobView>;
    stop: () => void;
};
import { Question } from "./questions.js";
