/**
 * @typedef {object} AuditEntry  times are seconds since the epoch
 * @property {number} id
 * @property {number} at
 * @property {string} verb  "cancel", "retry", "pause" …
 * @property {string} kind  of the object: "job", "queue" …
 * @property {string} effect  what came of it
 * @property {string} [object]  its id or name; absent: several jobs, or the system
 * @property {string} [authid]
 * @property {string} [role]
 * @property {string} [name]  that the person gave
 * @property {string} [address]
 * @property {number} [session]
 * @property {string} [transport]
 * @property {string} [reason]
 * @property {string} [query]  by which the jobs were found
 * @property {number} [changed]  objects that it changed
 * @property {number} [times]  how often it happened, if more than once
 * @property {string[]} [jobs]  the first jobs that it changed, where `object` does not say it
 *
 * @typedef {object} AuditQuery
 * @property {string} [who]  a user or the name that a person gave; `*` stands for any run of characters
 * @property {string} [verb]
 * @property {string} [kind]
 * @property {string} [object]
 * @property {string} [job]  the id of a job to which something was done, alone or among others
 * @property {number | Date} [since]
 * @property {number | Date} [until]
 * @property {string} [text]  in what an entry says
 * @property {number} [before]  where to go on: `next` of the page before
 * @property {number} [limit]  entries at most; 50 if it is left out
 */
/**
 * @param {import("./connection.js").Connection} connection
 * @param {AuditQuery} query
 * @returns {Promise<{entries: AuditEntry[], next: number | null}>}  newest first; next: where the next page begins, null at the end
 */
export function audit(connection: import("./connection.js").Connection, query: AuditQuery): Promise<{
    entries: AuditEntry[];
    next: number | null;
}>;
export const VIEW_AUDIT: "taskbahn.view.audit";
export const AUDIT_TOPIC: "taskbahn.audit";
/**
 * times are seconds since the epoch
 */
export type AuditEntry = {
    id: number;
    at: number;
    /**
     * "cancel", "retry", "pause" …
     */
    verb: string;
    /**
     * of the object: "job", "queue" …
     */
    kind: string;
    /**
     * what came of it
     */
    effect: string;
    /**
     * its id or name; absent: several jobs, or the system
     */
    object?: string | undefined;
    authid?: string | undefined;
    role?: string | undefined;
    /**
     * that the person gave
     */
    name?: string | undefined;
    address?: string | undefined;
    session?: number | undefined;
    transport?: string | undefined;
    reason?: string | undefined;
    /**
     * by which the jobs were found
     */
    query?: string | undefined;
    /**
     * objects that it changed
     */
    changed?: number | undefined;
    /**
     * how often it happened, if more than once
     */
    times?: number | undefined;
    /**
     * the first jobs that it changed, where `object` does not say it
     */
    jobs?: string[] | undefined;
};
export type AuditQuery = {
    /**
     * a user or the name that a person gave; `*` stands for any run of characters
     */
    who?: string | undefined;
    verb?: string | undefined;
    kind?: string | undefined;
    object?: string | undefined;
    /**
     * the id of a job to which something was done, alone or among others
     */
    job?: string | undefined;
    since?: number | Date | undefined;
    until?: number | Date | undefined;
    /**
     * in what an entry says
     */
    text?: string | undefined;
    /**
     * where to go on: `next` of the page before
     */
    before?: number | undefined;
    /**
     * entries at most; 50 if it is left out
     */
    limit?: number | undefined;
};
