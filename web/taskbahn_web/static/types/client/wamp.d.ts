export function dial(url: string, onClose: () => void, token?: import("./login.js").Token): Promise<Session>;
/** The role of a session that a browser token has opened: it starts jobs and follows them, and calls no task itself. */
export const BROWSER: "browser";
export type PendingCall = {
    /**
     * the first positional value of the answer
     */
    result: Promise<any>;
    cancel: (mode?: "kill" | "killnowait") => void;
};
export type Session = {
    call: (procedure: string, args: unknown[], kwargs?: Record<string, unknown>, onProgress?: (value: any) => void) => PendingCall;
    subscribe: (topic: string, handler: (value: any) => void, match?: "exact" | "prefix" | "wildcard") => Promise<() => void>;
    register: (procedure: string, handler: Callee) => Promise<() => void>;
    close: () => void;
    /**
     * null on a node without login
     */
    who?: Who | null | undefined;
};
export type Who = {
    /**
     * who made the token
     */
    name: string;
    /**
     * client, worker, viewer, operator, admin; browser: what a browser token names
     */
    role: string;
    /**
     * the id of the browser token of now, by which an admin revokes it
     */
    token?: string | undefined;
    /**
     * of a user who changes it by `taskbahn.user.password`
     */
    hasPassword?: boolean | undefined;
};
export type Callee = (args: any[], kwargs: Record<string, unknown>, progress: (value: unknown) => void, signal: AbortSignal) => unknown;
export type Topic = {
    handlers: Set<(value: any) => void>;
    undo: Promise<() => Promise<void>>;
};
export type Dial = (url: string, onClose: () => void, token?: import("./login.js").Token) => Promise<Session>;
