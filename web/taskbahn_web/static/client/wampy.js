/** The vendored WAMP client; `wampy.d.ts` beside this says the part of it that we use. */
export { Errors, Wampy } from "../vendor/wampy/wampy.js";
