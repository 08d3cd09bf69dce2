/** @typedef {import("./keys.js").KeyRing} Ring */
/** The name of the key of a job; "" if it is not encrypted. @param {{args?: unknown[] | null, calls?: unknown[] | null, encrypted_by?: string}} job */
export function keyOf({ args, calls, encrypted_by }: {
    args?: unknown[] | null;
    calls?: unknown[] | null;
    encrypted_by?: string;
}): string;
/** A result that can be read; throws a `TaskbahnError` that names the key of one that cannot. @template R @param {R} result @returns {R} */
export function readable<R>(result: R): R;
/**
 * What a router has said, decrypted.
 * @param {Ring} ring
 * @param {any} value
 * @returns {Promise<any>}
 */
export function revealed(ring: Ring, value: any): Promise<any>;
export type Ring = import("./keys.js").KeyRing;
