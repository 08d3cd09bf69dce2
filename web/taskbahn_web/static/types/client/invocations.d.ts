export class Invocations {
    /**
     * Run something until it is done or aborted, whichever comes first.
     * @param {number} request
     * @param {string} procedure
     * @param {(signal: AbortSignal) => unknown} work
     * @returns {Promise<unknown>}  rejects with the signal's reason when it is aborted
     */
    run(request: number, procedure: string, work: (signal: AbortSignal) => unknown): Promise<unknown>;
    /**
     * The router gave one up.
     * @param {number} request
     */
    interrupt(request: number): void;
    /**
     * It is no longer offered, so the router takes no answer either.
     * @param {string} procedure
     */
    withdraw(procedure: string): void;
    /** The connection is lost, and nothing can be answered. */
    lose(): void;
    #private;
}
