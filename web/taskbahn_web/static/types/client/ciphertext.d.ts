/** A text, such as the message of an error or JSON, with words in the place of what is encrypted in it. @param {string} text */
export function withoutCiphertext(text: string): string;
