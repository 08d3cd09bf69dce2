/**
 * @param {string} url  of the router's WebSocket; "" for the one that this module came from
 * @returns {{bahn: Bahn, giveBack: () => void}}
 */
export function borrowConnection(url: string): {
    bahn: Bahn;
    giveBack: () => void;
};
import { Bahn } from "../taskbahn.js";
