/**
 * What the elements say, in the language of the page around them (`lang`). English is in the code; another language is a table from each
 * English text to its own. What a page adds counts more than what was there, also for English.
 */

import * as format from "../shared/format.js";
import { roughDuration } from "../shared/expected.js";
import { notify } from "../client/listeners.js";
import { BOUND, fill, GIVEN, isData, KINDS, makePattern, NUMBERS, places, SENTENCE } from "./text-patterns.js";

/** English text → text; `{name}` in both is a place for a value. @typedef {Record<string, string>} Texts */

const MAX_DEPTH = 4; // phrases in phrases
/** By language, as `lang` names it, in small letters. @type {Map<string, Words>} */
const languages = new Map();
/** @type {Set<() => void>} */
const listeners = new Set();

export class Words {
  /** @type {Texts} */
  #texts = {};
  /** Texts with places, to be found in sentences that were made elsewhere. @type {{pattern: RegExp, names: string[], text: string, isOwn: boolean}[]} */
  #patterns = [];

  /** @param {string} language */
  constructor(language) {
    this.language = language;
    this.point = new Intl.NumberFormat(language).format(1.5)[1] ?? ".";
    this.comma = new Intl.NumberFormat(language).format(12345)[2];
  }

  /** @param {Texts} texts */
  add(texts) {
    this.#texts = { ...this.#texts, ...texts };
    this.#patterns = Object.entries(this.#texts).filter(([english]) => english.includes("{")).map(([english, text]) => makePattern(english, text));
  }

  /**
   * A text of the elements.
   * @param {string} english
   * @param {Record<string, string | number>} [values]  for its places
   */
  say(english, values = {}) {
    return fill(this.#texts[english] ?? english, values);
  }

  /**
   * A text that was made elsewhere: what is wrong with a field, why a job waits, a sentence of the dispatcher. It stays as it is if
   * there is no other for all of it.
   * @param {string} english
   * @returns {string}
   */
  phrase(english) {
    return this.#find(english, false, 0) ?? english;
  }

  /**
   * A text that the elements have made whole, of others: the type of a field, what a question says of itself.
   * @param {string} english
   */
  own(english) {
    return this.#find(english, true, 0) ?? english;
  }

  /**
   * @param {string} english
   * @param {boolean} isOwn
   * @param {number} depth
   * @returns {string | null}  null: there is no text for it, or none for a sentence in it
   */
  #find(english, isOwn, depth) {
    const known = this.#texts[english];
    if (known !== undefined || depth > MAX_DEPTH) return known ?? null;
    for (const { pattern, names, text, isOwn: isOnlyOwn } of this.#patterns) {
      const found = isOnlyOwn && !isOwn ? null : pattern.exec(english);
      if (!found) continue;
      const values = names.map((name, index) => [name, this.#inside(name, found[index + 1], isOwn, depth + 1)]);
      if (values.some(([name, inside]) => inside === null && places(text).includes(String(name)))) continue;
      return fill(text, Object.fromEntries(values));
    }
    const rest = english.endsWith(".") ? this.#find(english.slice(0, -1), isOwn, depth + 1) : null;
    return rest === null ? null : `${rest}.`;
  }

  /**
   * What is in a place of a text, in this language.
   * @param {string} name
   * @param {string} english
   * @param {boolean} isOwn
   * @param {number} depth
   * @returns {string | null}  null: there is no text for what must have one
   */
  #inside(name, english, isOwn, depth) {
    if (GIVEN.has(name)) return english;
    if (NUMBERS.has(name)) return english.replaceAll(/[.,](?=\d)/g, (mark) => (mark === "." ? this.point : this.comma));
    if (name === KINDS) return this.#kinds(english);
    return this.#find(english, isOwn, depth) ?? (name === SENTENCE ? null : english);
  }

  /** @param {string} english  "text, 3 or null" @returns {string | null} */
  #kinds(english) {
    const one = this.#texts[english] ?? (isData(english) ? english : BOUND.test(english) ? this.own(english) : null);
    if (one !== null) return one;
    for (const { 0: mark, index } of english.matchAll(/, | or /g)) {
      const [first, rest] = [this.#kinds(english.slice(0, index)), this.#kinds(english.slice(index + mark.length))];
      if (first !== null && rest !== null) return mark === ", " ? `${first}, ${rest}` : this.say("{type} or {other}", { type: first, other: rest });
    }
    return null;
  }

  /** How many of something. @param {number} value @param {string} one  text for one of them @param {string} more  text with a place `{count}` */
  count(value, one, more) {
    return value === 1 ? this.say(one) : this.say(more, { count: this.number(value) });
  }

  /** @param {number} value @param {number} [digits]  behind the point; as many as it needs, up to one, if left out */
  number(value, digits) {
    return new Intl.NumberFormat(this.language, { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 1 }).format(value);
  }

  /** @param {number} seconds */
  duration(seconds) {
    return this.#measured(format.duration(seconds));
  }

  /** @param {number} seconds */
  wholeDuration(seconds) {
    return this.#measured(format.wholeDuration(seconds));
  }

  /** @param {number} seconds  that are only expected */
  roughDuration(seconds) {
    return this.#measured(roughDuration(seconds));
  }

  /** @param {number} done @param {number} seconds */
  pace(done, seconds) {
    const [amount, unit] = format.pace(done, seconds).split("/");
    if (!unit) return "";
    return `${this.number(Number(amount.replaceAll(",", "")), (amount.split(".")[1] ?? "").length)}/${this.say(unit)}`;
  }

  /** @param {number} fraction */
  percent(fraction) {
    return format.percent(fraction);
  }

  /** @param {string} text  numbers with units, as English has them */
  #measured(text) {
    return text.replaceAll(/(?<=\d)\.(?=\d)/g, this.point).replaceAll(/(?<=\d )(ms|s|min|h|d)\b/g, (unit) => this.say(unit));
  }
}

/**
 * Replace texts of the elements, in one language. Elements that are on a page follow.
 * @param {string} language  as in `lang`: "en", "de", "de-AT"
 * @param {Texts} texts  by English text; `{name}` in a text is the place of a value
 */
export function addTexts(language, texts) {
  for (const [english, text] of Object.entries(texts)) {
    if (typeof text !== "string") throw new TypeError(`the text for ${JSON.stringify(english)} must be a string, not ${typeof text}`);
    const unknown = places(text).find((name) => !places(english).includes(name));
    if (unknown) throw new TypeError(`the text for ${JSON.stringify(english)} has a place {${unknown}}, of which the English one knows nothing`);
  }
  wordsOf(language, true).add(texts);
  notify(listeners, undefined);
}

/** @param {() => void} listener  hears that texts were replaced @returns {() => void}  stops it */
export function onTexts(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** What hears that the language around an element may be another one. @type {Set<() => void>} */
const onLanguages = new Set();
/** @type {MutationObserver | undefined} */
let observer;

/**
 * Hear that `lang` was changed somewhere around an element, also outside of the shadow that it is in.
 * @param {Element} element
 * @param {() => void} listener
 * @returns {() => void}  stops it
 */
export function onLanguage(element, listener) {
  let words = wordsAround(element);
  const look = () => {
    observeAround(element); // it may have been moved
    const before = words;
    words = wordsAround(element);
    if (words !== before) listener();
  };
  observeAround(element);
  onLanguages.add(look);
  return () => void onLanguages.delete(look);
}

/** Elements were moved, perhaps to where another language is. */
export function checkLanguages() {
  notify(onLanguages, undefined);
}

/** @param {Element} element */
function observeAround(element) {
  observer ??= new MutationObserver(checkLanguages);
  for (let root = element.getRootNode(); ; root = root.host.getRootNode()) {
    observer.observe(root, { subtree: true, attributes: true, attributeFilter: ["lang"] });
    if (!(root instanceof ShadowRoot)) break;
  }
}

/** The words for an element: in the language of the nearest element around it that has one. @param {Element} element @returns {Words} */
export function wordsAround(element) {
  /** @type {Element | null | undefined} */
  let inside = element;
  while (inside) {
    const language = inside.closest("[lang]")?.getAttribute("lang");
    if (language) return wordsOf(language);
    const root = inside.getRootNode();
    inside = root instanceof ShadowRoot ? root.host : null;
  }
  return wordsOf("en");
}

/**
 * @param {string} language
 * @param {boolean} [isExact]  make it if it is not there; else what is nearest: "de" for "de-CH", English for what nothing is known of
 * @returns {Words}
 */
function wordsOf(language, isExact = false) {
  const name = language.trim().toLowerCase();
  const known = languages.get(name);
  if (known) return known;
  if (isExact || name === "en") {
    const made = new Words(name);
    languages.set(name, made);
    return made;
  }
  return wordsOf(name.includes("-") ? name.slice(0, name.lastIndexOf("-")) : "en");
}
