/**
 * @param {string} css  of one kind of element
 * @returns {CSSStyleSheet[]}
 */
export function styleSheets(css: string): CSSStyleSheet[];
