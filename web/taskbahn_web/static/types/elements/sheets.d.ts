/**
 * @param {string} css  of one kind of element
 * @returns {CSSStyleSheet[]}
 */
export function sheetsOf(css: string): CSSStyleSheet[];
