/**
 * @typedef {string | {id: string}} JobOrId
 *
 * @typedef {object} TokenWords  what a token allows
 * @property {JobOrId[]} [watch]  jobs that it sees, with what belongs to them
 * @property {boolean | JobOrId[]} [cancel]  jobs that it may cancel; true: all that it sees, as of the next three
 * @property {boolean | JobOrId[]} [answer]
 * @property {boolean | JobOrId[]} [send]
 * @property {boolean | JobOrId[]} [retry]
 * @property {string[]} [start]  patterns of the tasks that it may start, as `images.*`
 * @property {string[]} [tags]  it sees jobs with one of them, and what it starts has them all
 * @property {number} [expires]  seconds; 900 if left out, 30 days at most
 * @property {boolean} [once]  it starts one job
 */
/**
 * @typedef {object} JobWords  what a page may do with the job that its token names
 * @property {boolean} [cancel]
 * @property {boolean} [answer]
 * @property {boolean} [send]
 * @property {boolean} [retry]
 * @property {number} [expires]  seconds, as above
 */
/**
 * @param {import("./connection.js").Connection} connection
 * @param {TokenWords} words
 * @returns {Promise<string>}
 */
export function makeToken(connection: import("./connection.js").Connection, words: TokenWords): Promise<string>;
/**
 * @param {import("./connection.js").Connection} connection
 * @param {string} id  of the job
 * @param {JobWords} words
 * @returns {Promise<string>}
 */
export function makeJobToken(connection: import("./connection.js").Connection, id: string, words: JobWords): Promise<string>;
export type JobOrId = string | {
    id: string;
};
/**
 * what a token allows
 */
export type TokenWords = {
    /**
     * jobs that it sees, with what belongs to them
     */
    watch?: JobOrId[] | undefined;
    /**
     * jobs that it may cancel; true: all that it sees, as of the next three
     */
    cancel?: boolean | JobOrId[] | undefined;
    answer?: boolean | JobOrId[] | undefined;
    send?: boolean | JobOrId[] | undefined;
    retry?: boolean | JobOrId[] | undefined;
    /**
     * patterns of the tasks that it may start, as `images.*`
     */
    start?: string[] | undefined;
    /**
     * it sees jobs with one of them, and what it starts has them all
     */
    tags?: string[] | undefined;
    /**
     * seconds; 900 if left out, 30 days at most
     */
    expires?: number | undefined;
    /**
     * it starts one job
     */
    once?: boolean | undefined;
};
/**
 * what a page may do with the job that its token names
 */
export type JobWords = {
    cancel?: boolean | undefined;
    answer?: boolean | undefined;
    send?: boolean | undefined;
    retry?: boolean | undefined;
    /**
     * seconds, as above
     */
    expires?: number | undefined;
};
