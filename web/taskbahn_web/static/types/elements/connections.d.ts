/**
 * @param {string} address  of the router's WebSocket, from where the page is; "" for the one that this module came from
 * @returns {{bahn: Bahn, giveBack: () => void}}
 */
export function borrowConnection(address: string): {
    bahn: Bahn;
    giveBack: () => void;
};
import { Bahn } from "../taskbahn.js";
