/** @param {string} given */
export function plainText(given: string): string;
