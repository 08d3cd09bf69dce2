/** A traceback in runs of frames: those of the user's own code, and those of libraries, which fold. */

/** @typedef {{text: string, frames: number, isFolded: boolean}} Run  of lines */

const FRAME = /^ {2}File "(?<path>[^"]*)", line \d+/;
const LIBRARY = /\/(site-packages|dist-packages)\/|\/lib\/python\d|^<frozen /;

/**
 * @param {string} traceback  as Python writes it
 * @returns {Run[]}  if all frames are of libraries none is folded: something must be seen
 */
export function splitTraceback(traceback) {
  /** @type {Run[]} */
  const runs = [];
  let isInFrame = false;
  let isFolded = false;
  for (const line of traceback.split("\n")) {
    const frame = FRAME.exec(line);
    if (frame) isFolded = LIBRARY.test(frame.groups?.path ?? "");
    else if (!line.startsWith("    ") || !isInFrame) isFolded = false;
    isInFrame = Boolean(frame) || (isInFrame && line.startsWith("    "));
    const last = runs.at(-1);
    if (last && last.isFolded === isFolded) Object.assign(last, { text: `${last.text}\n${line}`, frames: last.frames + (frame ? 1 : 0) });
    else runs.push({ text: line, frames: frame ? 1 : 0, isFolded });
  }
  const isOwn = runs.some((run) => !run.isFolded && run.frames > 0);
  return isOwn ? runs : [{ text: traceback, frames: 0, isFolded: false }];
}
