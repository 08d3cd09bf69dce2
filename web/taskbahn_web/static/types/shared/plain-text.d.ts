/** @param {string} text */
export function plainText(text: string): string;
