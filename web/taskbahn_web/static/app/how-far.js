/** How far a job is; the same for the page and for the elements. */

export { howFar } from "../shared/how-far.js";
