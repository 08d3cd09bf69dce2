export class TaskbahnElement extends HTMLElement {
    static observedAttributes: string[];
    /** Properties that may have been set before the element was defined. */
    static properties: string[];
    /** CSS of its own. */
    static css: string;
    set url(url: string);
    /** The address of the router's WebSocket; where this module came from, if empty. */
    get url(): string;
    set token(token: string);
    /** The text of a token for a node with login; with `tokenUrl` the first one. */
    get token(): string;
    set tokenUrl(url: string);
    /** Where the page's backend gives tokens as text, from where the page is. It is asked before one ends, with the cookies of its origin. */
    get tokenUrl(): string;
    set bahn(bahn: import("../taskbahn.js").Bahn | null);
    /**
     * The connection that it uses: one that the page set, else one that all elements with the same `url` and token share; null while it is not on a page.
     * @returns {import("../taskbahn.js").Bahn | null}
     */
    get bahn(): import("../taskbahn.js").Bahn | null;
    /** The connection that the page set. @returns {import("../taskbahn.js").Bahn | null} */
    get givenBahn(): import("../taskbahn.js").Bahn | null;
    connectedCallback(): void;
    disconnectedCallback(): void;
    /**
     * @param {string} name
     * @param {string | null} before
     * @param {string | null} after
     */
    attributeChangedCallback(name: string, before: string | null, after: string | null): void;
    /** Whether it shows nothing, since the node refused what it asked. @protected */
    protected get hasProblem(): boolean;
    /** Begin again, once, after all that changes now has changed. */
    restart(): void;
    /**
     * Begin to follow what it shows. For the elements themselves.
     * @protected
     * @param {import("../taskbahn.js").Bahn} _bahn
     */
    protected open(_bahn: import("../taskbahn.js").Bahn): void;
    /** Follow no more. @protected */
    protected shut(): void;
    /** Show what is known now. @protected */
    protected draw(): void;
    /** What it says, in the language around it. @protected */
    protected get words(): import("./words.js").Words;
    /** Other texts are to be shown. @protected */
    protected retext(): void;
    /** @protected */
    protected drawSoon(): void;
    /**
     * Fire an event that also a form or a list around it hears.
     * @protected
     * @param {string} name
     * @param {unknown} detail
     */
    protected fire(name: string, detail: unknown): void;
    #private;
}
