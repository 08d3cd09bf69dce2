/**
 * Connect to a router and wait until the connection is live.
 * @param {ConstructorParameters<typeof Bahn>[0]} [options]
 * @returns {Promise<Bahn>}  rejects if the router cannot be reached now
 */
export function connect(options?: ConstructorParameters<typeof Bahn>[0]): Promise<Bahn>;
export class Bahn {
    /**
     * Begin to connect, and come back whenever the connection is lost, until `close`.
     * @param {object} [options]
     * @param {string} [options.url]  of the router's WebSocket, from where this module was loaded; `/ws` there if left out
     * @param {import("./client/wamp.js").Dial} [options.dial]  opens one session
     * @param {import("./client/login.js").Token} [options.token]  of a node with login, or a function that each connection calls for it
     * @param {Record<string, string> | KeyRing} [options.keys]  by name, as base64: what encrypted jobs say is decrypted in the page
     */
    constructor(options?: {
        url?: string | undefined;
        dial?: import("./client/wamp.js").Dial | undefined;
        token?: import("./client/login.js").Token | undefined;
        keys?: Record<string, string> | KeyRing | undefined;
    });
    /** The keys of this page. */
    keys: KeyRing;
    connection: Connection;
    schedules: Schedules;
    triggers: Triggers;
    /** connecting, live, reconnecting or closed. */
    get state(): import("./client/connection.js").ConnectionState;
    /** When the next try is made while reconnecting, seconds since the epoch; 0 unless one is due. */
    get retryAt(): number;
    /** Who the node says that this is, and the role; null without login. @type {import("./client/wamp.js").Who | null} */
    get who(): import("./client/wamp.js").Who | null;
    /** Why there is no session now; null while there is one. @type {unknown} */
    get failure(): unknown;
    /**
     * Go on with another token, over the same session if that has a browser token too. It need not be called where `token` is a function.
     * @param {import("./client/login.js").Token} token
     */
    setToken: (token: import("./client/login.js").Token) => void;
    /**
     * Make a browser token, in a backend: the text for one page, which sees and does what it names and nothing else.
     * @param {import("./client/issuing.js").TokenWords} words
     * @returns {Promise<string>}  rejects for a job that this program does not see
     */
    token: (words: import("./client/issuing.js").TokenWords) => Promise<string>;
    /** Try to connect now instead of at `retryAt`. */
    hurry(): void;
    /**
     * Hear of every change of `state`, and of every new `retryAt`.
     * @param {(state: import("./client/connection.js").ConnectionState) => void} listener
     * @returns {() => void}  stops it
     */
    onState(listener: (state: import("./client/connection.js").ConnectionState) => void): () => void;
    /**
     * Start a job of a task, by its name, or of a flow, of which one job is the whole. It is accepted and durable when this resolves, and
     * stays so when the page goes away. If a job with its id or its unique key is there already, this resolves to that one.
     * @template {string | import("./client/flows.js").Flow} W
     * @param {W} what
     * @param {import("./client/tasks.js").StartGiven<W>} given  arguments, named arguments and options of a task; options of a flow. `id` is
     *   a UUID; what has the same id is the same job
     * @returns {Promise<Job<import("./client/tasks.js").Given<W>>>}
     */
    start<W extends string | import("./client/flows.js").Flow>(what: W, ...given: import("./client/tasks.js").StartGiven<W>): Promise<Job<import("./client/tasks.js").Given<W>>>;
    /**
     * Publish an event; resolves to the jobs that it starts, when they are durable. Subscribers of the topic hear of it then.
     * @param {string} topic
     * @param {unknown[]} [args]
     * @param {Record<string, unknown>} [kwargs]
     * @param {{id?: string}} [options]  id: published again with the same one, an event starts nothing twice
     * @returns {Promise<Job[]>}
     */
    publish(topic: string, args?: unknown[], kwargs?: Record<string, unknown>, options?: {
        id?: string;
    }): Promise<Job[]>;
    /**
     * A job by its id, to watch, await or cancel it.
     * @template [R=any]
     * @param {string} id
     * @returns {Job<R>}
     */
    job<R = any>(id: string): Job<R>;
    /**
     * Call a task as a remote procedure: if the connection is lost the call rejects, and the job goes on. Or start a flow and wait for its
     * result, over lost connections.
     * @template {string | import("./client/flows.js").Flow} W
     * @param {W} what
     * @param {import("./client/tasks.js").CallGiven<W, Listening>} given  arguments, named arguments of a task, and how the page listens
     * @returns {Promise<import("./client/tasks.js").Given<W>>}  what the task returned, or the result of the flow
     */
    call<W extends string | import("./client/flows.js").Flow>(what: W, ...given: import("./client/tasks.js").CallGiven<W, Listening>): Promise<import("./client/tasks.js").Given<W>>;
    /**
     * Watch a job by callbacks, events in the batches in which they come.
     * @param {string} id
     * @param {import("./client/watch.js").Watcher} watcher
     * @param {number} [after]  the number of the last event that is known
     */
    watch(id: string, watcher: import("./client/watch.js").Watcher, after?: number): import("./client/watch.js").Watch;
    /**
     * @param {string[]} ids
     * @param {string} [reason]
     * @param {string} [who]  the name of the person who cancels them, if not that of the session
     * @param {string} [query]  by which they were found; the audit shows it
     * @returns {Promise<(import("./client/wire.js").State | TaskbahnError)[]>}  for each the state after it, or why not
     */
    cancel(ids: string[], reason?: string, who?: string, query?: string): Promise<(import("./client/wire.js").State | TaskbahnError)[]>;
    /**
     * Have finished jobs that did not succeed tried again.
     * @param {string[]} ids
     * @param {string} [who]  the name of the person who retries them, if not that of the session
     * @param {string} [query]  by which they were found; the audit shows it
     * @returns {Promise<(import("./client/wire.js").State | TaskbahnError)[]>}  for each the state after it, or why not
     */
    retry(ids: string[], who?: string, query?: string): Promise<(import("./client/wire.js").State | TaskbahnError)[]>;
    /**
     * Let those jobs go on that are held (`if_fails: "hold"`) by jobs that did not succeed: they get null in their places.
     * @param {string[]} ids
     * @param {string} [who]  the name of the person who does so, if not that of the session
     * @returns {Promise<(import("./client/wire.js").State | TaskbahnError)[]>}  for each the state after it, or why not
     */
    skip(ids: string[], who?: string): Promise<(import("./client/wire.js").State | TaskbahnError)[]>;
    /**
     * Ask who did what, newest first. For operators.
     * @param {import("./client/audit.js").AuditQuery} [query]
     * @returns {Promise<{entries: import("./client/audit.js").AuditEntry[], next: number | null}>}  next: `before` of the next page, null at the end
     */
    audit(query?: import("./client/audit.js").AuditQuery): Promise<{
        entries: import("./client/audit.js").AuditEntry[];
        next: number | null;
    }>;
    /**
     * Ask once for all open questions, those of older jobs first.
     * @param {{job?: string | {id: string}}} [query]  job: only what this one asks
     * @returns {Promise<Question[]>}
     */
    questions(query?: {
        job?: string | {
            id: string;
        };
    }): Promise<Question[]>;
    /**
     * Take what is published to a topic, over all reconnects. What is published while there is no connection is missed.
     * @param {string} topic
     * @param {(value: any) => void} handler
     * @param {"exact" | "prefix" | "wildcard"} [match]
     * @returns {Promise<() => void>}  stops it; rejects if the router refuses the subscription
     */
    subscribe(topic: string, handler: (value: any) => void, match?: "exact" | "prefix" | "wildcard"): Promise<() => void>;
    /**
     * Offer a task: this page is a worker with one slot, as long as it is open. Any number of pages may offer the same task.
     * @param {string} task
     * @param {(args: any[], context: import("./client/offer.js").Context) => unknown} run
     * @param {{name?: string}} [options]  name: what this worker is called where workers are shown, in place of a random one
     * @returns {Promise<() => void>}  withdraws it; rejects if the router refuses the offer
     */
    offer(task: string, run: (args: any[], context: import("./client/offer.js").Context) => unknown, { name }?: {
        name?: string;
    }): Promise<() => void>;
    /**
     * Ask something that is safe to ask twice: it survives reconnects.
     * @param {string} procedure
     * @param {unknown[]} [args]
     * @param {Record<string, unknown>} [kwargs]
     * @returns {Promise<any>}
     */
    ask(procedure: string, args?: unknown[], kwargs?: Record<string, unknown>): Promise<any>;
    /** Leave for good. Jobs go on. */
    close(): void;
    #private;
}
export type Listening = {
    onProgress?: ((progress: import("./client/wire.js").Progress) => void) | undefined;
    /**
     * everything that happens to the job
     */
    onEvent?: ((event: import("./client/wire.js").Event) => void) | undefined;
    /**
     * aborting it cancels the job
     */
    signal?: AbortSignal | undefined;
    /**
     * the call is encrypted by the first of `keys`, from end to end
     */
    encrypt?: boolean | undefined;
};
import { Job } from "./client/job.js";
import { KeyRing } from "./client/keys.js";
import { Question } from "./client/questions.js";
import { sentence } from "./client/errors.js";
import { TaskbahnError } from "./client/errors.js";
import { Connection } from "./client/connection.js";
import { Schedules } from "./client/schedules.js";
import { Triggers } from "./client/triggers.js";
export { Job, KeyRing, Question, sentence, TaskbahnError };
export { chain, chord, group, output, s, si } from "./client/flows.js";
export { FINAL_STATES, RETRIABLE_STATES, STATES } from "./client/states.js";
