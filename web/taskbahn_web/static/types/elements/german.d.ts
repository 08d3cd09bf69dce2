/** @type {Readonly<Record<string, string>>} */
export const GERMAN: Readonly<Record<string, string>>;
