/** Entries of the audit, newest first: a page of them, more when they are wanted, and those that come. */

import { signal } from "@preact/signals";

import { AUDIT_TOPIC } from "../../client/audit.js";
import { sentence } from "../../taskbahn.js";
import { bahn, onLive } from "./live.js";

const PAGE_ENTRIES = 50;
const GATHER_MILLISECONDS = 250; // while entries come, before they are asked for

/**
 * @typedef {import("../../client/audit.js").AuditEntry} AuditEntry
 * @typedef {import("../../client/audit.js").AuditQuery} AuditQuery
 */

export class AuditList {
  /** Null until they are there. @type {import("@preact/signals").Signal<AuditEntry[] | null>} */
  entries = signal(null);
  /** Where the next page begins; null at the end. @type {import("@preact/signals").Signal<number | null>} */
  next = signal(null);
  /** A sentence. */
  problem = signal("");

  #query;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isOpen = false;

  /** @param {AuditQuery} query */
  constructor(query) {
    this.#query = query;
  }

  /** Ask, and ask again when something is done. @returns {() => void}  stops it */
  open() {
    this.#isOpen = true;
    const stopLive = onLive(() => void this.#ask());
    const heard = bahn.subscribe(AUDIT_TOPIC, () => this.#askSoon());
    return () => {
      this.#isOpen = false;
      clearTimeout(this.#timer);
      stopLive();
      void heard.then(
        (stop) => stop(),
        () => undefined,
      );
    };
  }

  /** Show the next page too. */
  async more() {
    const before = this.next.peek();
    if (before === null) return;
    await this.#take({ ...this.#query, before }, (page) => {
      this.entries.value = [...(this.entries.peek() ?? []), ...page.entries];
      this.next.value = page.next;
    });
  }

  #askSoon() {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, GATHER_MILLISECONDS);
  }

  /** The newest; what is known already follows them, unless there is a gap between. */
  async #ask() {
    await this.#take(this.#query, (page) => {
      const known = this.entries.peek() ?? [];
      const oldest = page.entries.at(-1)?.id ?? 0;
      const joins = page.next === null || known.some(({ id }) => id >= oldest);
      if (joins) this.entries.value = [...page.entries, ...known.filter(({ id }) => id < oldest)];
      else this.entries.value = page.entries;
      if (!joins || !known.some(({ id }) => id < oldest)) this.next.value = page.next;
    });
  }

  /**
   * @param {AuditQuery} query
   * @param {(page: {entries: AuditEntry[], next: number | null}) => void} take
   */
  async #take(query, take) {
    try {
      const page = await bahn.audit({ ...query, limit: PAGE_ENTRIES });
      if (!this.#isOpen) return;
      take(page);
      this.problem.value = "";
    } catch (error) {
      this.problem.value = sentence(error);
    }
  }
}
