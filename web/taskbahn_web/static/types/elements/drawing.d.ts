/** Have something drawn in the next frame, or when the tab is seen again. @param {Drawn} element */
export function drawSoon(element: Drawn): void;
/**
 * Have something drawn once a second, or no longer.
 * @param {Drawn} element
 * @param {boolean} isMoving
 */
export function drawEverySecond(element: Drawn, isMoving: boolean): void;
/** @param {Drawn} element */
export function forget(element: Drawn): void;
export type Drawn = {
    draw: () => void;
};
