export class FixedWampy extends Wampy {
    /**
     * @param {string} url
     * @param {Record<string, unknown>} options
     * @param {(request: number) => void} onInterrupt  the router wants no answer to an invocation any more
     */
    constructor(url: string, options: Record<string, unknown>, onInterrupt: (request: number) => void);
    #private;
}
import { Wampy } from "./wampy.js";
