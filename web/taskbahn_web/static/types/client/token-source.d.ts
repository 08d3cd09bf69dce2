/**
 * @param {string} text
 * @returns {BrowserToken | null}  null: it is no token of a browser
 */
export function readToken(text: string): BrowserToken | null;
/**
 * What a token allows, to be compared with what another one does: two that differ in their times and ids alone have the same.
 * @param {string} text
 * @returns {string}
 */
export function scopeOf(text: string): string;
export class TokenSource {
    /** @param {import("./login.js").Token} token */
    constructor(token: import("./login.js").Token);
    /** Whether there may be another token, and not this one alone. */
    get isFunction(): boolean;
    /** @returns {Promise<string>} */
    text(): Promise<string>;
    /** Take another text from now on. @param {import("./login.js").Token} token */
    replace(token: import("./login.js").Token): void;
    /** Seconds since the newest token was asked for. */
    get age(): number;
    /** What the newest token says. */
    get newest(): BrowserToken | null;
    #private;
}
/**
 * seconds: its lifetime by the node's clock, which alone counts;
 * isForeign: another issuer than a node has made it, maybe long ago: a library keeps it until just before its end
 */
export type BrowserToken = {
    id: string;
    seconds: number;
    isForeign?: boolean;
};
