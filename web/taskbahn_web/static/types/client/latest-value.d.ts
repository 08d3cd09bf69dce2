/**
 * A value of which only the newest counts, with its listeners.
 * @template T
 */
export class LatestValue<T> {
    /** @param {T} none  the value while nothing is known */
    constructor(none: T);
    /** Whether it has a listener. */
    get isHeard(): boolean;
    /** @param {T} value */
    set(value: T): void;
    /** What was known is known no more; listeners stay. */
    forget(): void;
    /** @param {(value: T) => void} listener */
    listen(listener: (value: T) => void): () => undefined;
    #private;
}
