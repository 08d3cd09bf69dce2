/**
 * Texts with places that the elements make themselves, whole: types, limits, counts, times. They are looked for in nothing else, for of a
 * sentence that was made elsewhere they would change a word: "It waits for paper or ink" is no type.
 */
/** @type {ReadonlySet<string>} */
export const OWN_TEXTS: ReadonlySet<string>;
