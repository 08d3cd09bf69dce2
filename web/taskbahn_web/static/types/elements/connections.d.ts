/**
 * @param {string} address  of the router's WebSocket, from where the page is; "" for the one that this module came from
 * @param {Login} [login]
 * @returns {{bahn: Bahn, giveBack: () => void, renew: (token: string) => boolean}}  renew: go on with another token; false: it is for another connection
 */
export function borrowConnection(address: string, { token, tokenUrl }?: Login): {
    bahn: Bahn;
    giveBack: () => void;
    renew: (token: string) => boolean;
};
/**
 * how an element logs in
 */
export type Login = {
    /**
     * the text of a token; with `tokenUrl` the first one
     */
    token?: string | undefined;
    /**
     * where the page's backend gives tokens, from where the page is
     */
    tokenUrl?: string | undefined;
};
export type Entry = {
    bahn: Bahn;
    key: string;
    token: string;
    users: number;
    timer: ReturnType<typeof setTimeout> | undefined;
};
import { Bahn } from "../taskbahn.js";
