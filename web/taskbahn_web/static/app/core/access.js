/** What this page may do: served at `/view/` it only looks, by a connection that the router allows nothing else. */

const { pathname = "/" } = globalThis.location ?? {};

/** Whether the page shows no actions. */
export const isReadOnly = pathname.startsWith("/view/");

/** Where to connect to; undefined is what the origin offers to all. */
export const url = isReadOnly ? "/ws-view" : undefined;
