export class AtEnd {
    /**
     * @param {HTMLElement} box
     * @param {(isOn: boolean) => void} changed  called when the reader has left the end, or has come back
     */
    constructor(box: HTMLElement, changed: (isOn: boolean) => void);
    /** Whether the box stays at its end. */
    get isOn(): boolean;
    /** See where the reader is: before something is added, for the event of a movement comes with the next frame only. */
    look(): void;
    /** Go to the end if the reader has not left it: after something was added. */
    keep(): void;
    /** Go to the end and stay there. */
    go(): void;
    /** Stay away from the end until the reader goes there. */
    leave(): void;
    #private;
}
