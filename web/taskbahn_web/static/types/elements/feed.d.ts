/**
 * Read a job, with all others on the page that read it.
 * @param {Bahn} bahn
 * @param {string} id
 * @param {Reader} reader
 * @returns {{feed: Feed, leave: () => void}}
 */
export function readJob(bahn: Bahn, id: string, reader: Reader): {
    feed: Feed;
    leave: () => void;
};
/**
 * @typedef {import("../taskbahn.js").Bahn} Bahn
 * @typedef {import("../client/wire.js").JobView} JobView
 * @typedef {import("../client/wire.js").Event} Event
 *
 * @typedef {object} Reader  what an element hears of
 * @property {() => void} onChange  anything
 * @property {(progress: import("../client/wire.js").Progress) => void} [onProgress]
 * @property {(job: JobView) => void} [onEnd]
 * @property {(error: unknown) => void} [onProblem]  it cannot be watched
 */
export const MAX_LINES: 10000;
export class Feed {
    /**
     * @param {Bahn} bahn
     * @param {string} id
     */
    constructor(bahn: Bahn, id: string);
    /** @type {JobView | null} */
    job: JobView | null;
    /** Log lines, oldest first. @type {Event[]} */
    lines: Event[];
    /** Log lines that came before these and are given up. */
    dropped: number;
    /** The connection was lost since its progress was said: how far it has come meanwhile is not known. */
    isOutdated: boolean;
    /** Why it cannot be watched. @type {unknown} */
    problem: unknown;
    /** When it was last heard of, seconds since the epoch by the page's clock: then its times stop. Null while it is heard of. @type {number | null} */
    silentSince: number | null;
    /** Whether it has a reader. */
    get isRead(): boolean;
    /** @param {Reader} reader @returns {() => void}  stops it */
    read(reader: Reader): () => void;
    stop(): void;
    #private;
}
export type Bahn = import("../taskbahn.js").Bahn;
export type JobView = import("../client/wire.js").JobView;
export type Event = import("../client/wire.js").Event;
/**
 * what an element hears of
 */
export type Reader = {
    /**
     * anything
     */
    onChange: () => void;
    onProgress?: ((progress: import("../client/wire.js").Progress) => void) | undefined;
    onEnd?: ((job: JobView) => void) | undefined;
    /**
     * it cannot be watched
     */
    onProblem?: ((error: unknown) => void) | undefined;
};
