/** How numbers and times are written: as in the elements. */

export * from "../shared/format.js";
