/** Whether the node refuses the token of now. @param {unknown} failure */
export function isRefusal(failure: unknown): boolean;
/**
 * Do something once, when another session is there, or the one of now has another token.
 * @param {Connection} connection
 * @param {() => void} action
 * @returns {() => void}  stops it
 */
export function onNextLogin(connection: Connection, action: () => void): () => void;
/**
 * @typedef {"connecting" | "live" | "reconnecting" | "closed"} ConnectionState
 * @typedef {"opened" | "lost" | "close"} Happening
 */
/** What is not in this table changes nothing. @type {Record<ConnectionState, Partial<Record<Happening, ConnectionState>>>} */
export const MOVES: Record<ConnectionState, Partial<Record<Happening, ConnectionState>>>;
export class Connection {
    /**
     * @param {string} url
     * @param {import("./wamp.js").Dial} dial
     * @param {import("./login.js").Token} [token]
     */
    constructor(url: string, dial: import("./wamp.js").Dial, token?: import("./login.js").Token);
    /** @type {ConnectionState} */
    state: ConnectionState;
    /** When the next try is made, seconds since the epoch; 0 unless one is due. */
    retryAt: number;
    /** Why the last try failed. @type {unknown} */
    failure: unknown;
    url: string;
    /** Who the node says that this is, by its token; null without login, and before the first session. @returns {import("./wamp.js").Who | null} */
    get who(): import("./wamp.js").Who | null;
    /**
     * Go on with another token: the session is renewed if it can be, else the next one opens with it.
     * @param {import("./login.js").Token} token
     */
    setToken(token: import("./login.js").Token): void;
    /**
     * Wait for a session. Rejects once the connection is closed.
     * @returns {Promise<import("./wamp.js").Session>}
     */
    session(): Promise<import("./wamp.js").Session>;
    /**
     * Hear of every change of state, and of every new time for the next try.
     * @param {(state: ConnectionState) => void} listener
     * @returns {() => void}  stops it
     */
    onState(listener: (state: ConnectionState) => void): () => void;
    /**
     * Do something now and on every session that follows: subscribe, register.
     * @param {(session: import("./wamp.js").Session) => void} renewal
     * @returns {() => void}  stops it
     */
    onSession(renewal: (session: import("./wamp.js").Session) => void): () => void;
    /**
     * Hear of each login: of another session, or of the one of now with another token.
     * @param {() => void} listener
     * @returns {() => void}  stops it
     */
    onLogin(listener: () => void): () => void;
    /** Try now instead of at `retryAt`. */
    hurry(): void;
    /**
     * Give up a session that has gone silent, as after a sleep: the browser itself may take minutes to notice.
     * @param {import("./wamp.js").Session | null} [session]  that of now if left out; an earlier one changes nothing
     */
    drop(session?: import("./wamp.js").Session | null): void;
    /** Leave for good. What waits for a session is rejected. */
    close(): void;
    #private;
}
export type ConnectionState = "connecting" | "live" | "reconnecting" | "closed";
export type Happening = "opened" | "lost" | "close";
