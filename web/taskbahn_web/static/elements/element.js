/** What all elements have: a shadow with its style, a connection of their own or a shared one, and drawing by the frame. */

import { borrowConnection } from "./connections.js";
import { drawSoon, forget } from "./drawing.js";
import { styleSheets } from "./sheets.js";
import { checkLanguages, onLanguage, onTexts, wordsAround } from "./words.js";

/** A server that renders pages may import the elements, too; there they are never made. */
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

export class TaskbahnElement extends Base {
  static observedAttributes = ["url", "token", "token-url"];
  /** Properties that may have been set before the element was defined. */
  static properties = ["bahn", "url", "token", "tokenUrl"];
  /** CSS of its own. */
  static css = "";

  /** The connection that the page gave it. @type {import("../taskbahn.js").Bahn | null} */
  #given = null;
  /** @type {ReturnType<typeof borrowConnection> | null} */
  #borrowed = null;
  #isOpen = false;
  #isRestarting = false;
  #stopStates = () => {};
  #stopTexts = () => {};
  #stopLanguage = () => {};

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = styleSheets(new.target.css);
  }

  /** The address of the router's WebSocket; where this module came from, if empty. */
  get url() {
    return this.getAttribute("url") ?? "";
  }

  set url(url) {
    this.setAttribute("url", url);
  }

  /** The text of a token for a node with login; with `tokenUrl` the first one. */
  get token() {
    return this.getAttribute("token") ?? "";
  }

  set token(token) {
    this.setAttribute("token", token);
  }

  /** Where the page's backend gives tokens as text, from where the page is. It is asked before one ends, with the cookies of its origin. */
  get tokenUrl() {
    return this.getAttribute("token-url") ?? "";
  }

  set tokenUrl(url) {
    this.setAttribute("token-url", url);
  }

  /**
   * The connection that it uses: one that the page set, else one that all elements with the same `url` and token share; null while it is not on a page.
   * @returns {import("../taskbahn.js").Bahn | null}
   */
  get bahn() {
    return this.#given ?? this.#borrowed?.bahn ?? null;
  }

  set bahn(bahn) {
    if (bahn === this.#given) return;
    this.#given = bahn;
    this.restart();
  }

  /** The connection that the page set. @returns {import("../taskbahn.js").Bahn | null} */
  get givenBahn() {
    return this.#given;
  }

  connectedCallback() {
    const own = /** @type {Record<string, any>} */ (this);
    for (const name of /** @type {typeof TaskbahnElement} */ (this.constructor).properties) {
      if (!Object.hasOwn(own, name)) continue;
      const value = own[name];
      delete own[name];
      own[name] = value;
    }
    if (this.#isOpen) checkLanguages();
    else this.#start();
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#stop()); // one that is only moved goes on
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "token" && (this.tokenUrl || (this.#borrowed?.renew(after ?? "") && !this.hasProblem))) return;
    this.restart();
  }

  /** Whether it shows nothing, since the node refused what it asked. @protected */
  get hasProblem() {
    return false;
  }

  /** Begin again, once, after all that changes now has changed. */
  restart() {
    if (!this.#isOpen || this.#isRestarting) return;
    this.#isRestarting = true;
    queueMicrotask(() => {
      this.#isRestarting = false;
      if (!this.#isOpen) return;
      this.#stop();
      this.#start();
    });
  }

  /**
   * Begin to follow what it shows. For the elements themselves.
   * @protected
   * @param {import("../taskbahn.js").Bahn} _bahn
   */
  open(_bahn) {}

  /** Follow no more. @protected */
  shut() {}

  /** Show what is known now. @protected */
  draw() {}

  /** What it says, in the language around it. @protected */
  get words() {
    return wordsAround(this);
  }

  /** Other texts are to be shown. @protected */
  retext() {
    this.drawSoon();
  }

  /** @protected */
  drawSoon() {
    if (this.#isOpen) drawSoon(/** @type {any} */ (this));
  }

  /**
   * Fire an event that also a form or a list around it hears.
   * @protected
   * @param {string} name
   * @param {unknown} detail
   */
  fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #start() {
    this.#isOpen = true;
    if (!this.#given) this.#borrowed = borrowConnection(this.url, this);
    const bahn = /** @type {import("../taskbahn.js").Bahn} */ (this.bahn);
    this.#stopStates = bahn.onState(() => this.drawSoon());
    this.#stopTexts = onTexts(() => this.retext());
    this.#stopLanguage = onLanguage(this, () => this.retext());
    this.open(bahn);
    this.drawSoon();
  }

  #stop() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopStates();
    this.#stopTexts();
    this.#stopLanguage();
    this.shut();
    forget(/** @type {any} */ (this));
    this.#borrowed?.giveBack();
    this.#borrowed = null;
  }
}
