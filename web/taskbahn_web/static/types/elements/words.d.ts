/**
 * Replace texts of the elements, in one language. Elements that are on a page follow.
 * @param {string} language  as in `lang`: "en", "de", "de-AT"
 * @param {Texts} texts  by English text; `{name}` in a text is the place of a value
 */
export function addTexts(language: string, texts: Texts): void;
/** @param {() => void} listener  hears that texts were replaced @returns {() => void}  stops it */
export function onTexts(listener: () => void): () => void;
/**
 * Hear that `lang` was changed somewhere around an element, also outside of the shadow that it is in.
 * @param {Element} element
 * @param {() => void} listener
 * @returns {() => void}  stops it
 */
export function onLanguage(element: Element, listener: () => void): () => void;
/** Elements were moved, perhaps to where another language is. */
export function checkLanguages(): void;
/** The words for an element: in the language of the nearest element around it that has one. @param {Element} element @returns {Words} */
export function wordsAround(element: Element): Words;
export class Words {
    /** @param {string} language */
    constructor(language: string);
    language: string;
    point: string;
    comma: string;
    /** @param {Texts} texts */
    add(texts: Texts): void;
    /**
     * A text of the elements.
     * @param {string} english
     * @param {Record<string, string | number>} [values]  for its places
     */
    say(english: string, values?: Record<string, string | number>): string;
    /**
     * A text that was made elsewhere: what is wrong with a field, why a job waits, a sentence of the dispatcher. It stays as it is if
     * there is no other for all of it.
     * @param {string} english
     * @returns {string}
     */
    phrase(english: string): string;
    /**
     * A text that the elements have made whole, of others: the type of a field, what a question says of itself.
     * @param {string} english
     */
    own(english: string): string;
    /** How many of something. @param {number} value @param {string} one  text for one of them @param {string} more  text with a place `{count}` */
    count(value: number, one: string, more: string): string;
    /** @param {number} value @param {number} [digits]  behind the point; as many as it needs, up to one, if left out */
    number(value: number, digits?: number): string;
    /** @param {number} seconds */
    duration(seconds: number): string;
    /** @param {number} seconds */
    wholeDuration(seconds: number): string;
    /** @param {number} seconds  that are only expected */
    roughDuration(seconds: number): string;
    /** @param {number} done @param {number} seconds */
    pace(done: number, seconds: number): string;
    /** @param {number} fraction */
    percent(fraction: number): string;
    #private;
}
/**
 * English text → text; `{name}` in both is a place for a value.
 */
export type Texts = Record<string, string>;
