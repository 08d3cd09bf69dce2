/**
 * When a token is to be renewed.
 * @param {number} lifetime  seconds
 * @param {number} chance  0 to 1
 * @returns {number}  seconds after it was got
 */
export function renewalTime(lifetime: number, chance: number): number;
/**
 * Renew the token of a session, again and again. As long as its function fails it is asked with growing pauses; then the node ends the
 * session. A text that does not renew the session is for another one.
 * @param {import("./wamp.js").Session} session
 * @param {import("./token-source.js").TokenSource} source
 * @param {(error: unknown, isOver: boolean) => void} onFailure  why there is no other token, once for each try; isOver: no other try follows
 * @param {() => void} [onRenewed]  the session goes on with another token
 * @returns {{stop: () => void, now: () => void}}  now: renew it at once
 */
export function keepRenewed(session: import("./wamp.js").Session, source: import("./token-source.js").TokenSource, onFailure: (error: unknown, isOver: boolean) => void, onRenewed?: () => void): {
    stop: () => void;
    now: () => void;
};
