/** Whether a value stands for a secret: it is shown nowhere. @param {unknown} value */
export function isHidden(value: unknown): boolean;
/** Whether there are secrets in a value, or data that looks like them. @param {unknown} value @returns {boolean} */
export function hasSecrets(value: unknown): boolean;
/** Whether something in a value stands for a secret. @param {unknown} value @returns {boolean} */
export function hasHidden(value: unknown): boolean;
/** What travels, with the values of its secrets and its own keys. @param {any} value @returns {any} */
export function opened(value: any): any;
/**
 * The result of a job with its secrets.
 * @param {[string, string, string | null, unknown]} outcome  id, state, result as JSON, error
 * @returns {any}  throws a `TaskbahnError` if they are those of another
 */
export function openedResult([id, , text]: [string, string, string | null, unknown]): any;
