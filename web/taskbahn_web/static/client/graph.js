/** What the router says of a job with its members, and of what is between a job and its start: types alone. */

/**
 * @typedef {object} GraphNode  a job, or several as one
 * @property {string} id  of several, of the first
 * @property {string} task
 * @property {import("./wire.js").State} state
 * @property {"task" | "chain" | "group"} [kind]
 * @property {string} [label]  its name in the flow
 * @property {string} [title]  what people call it
 * @property {number} [created_at]
 * @property {number} [started_at]
 * @property {number} [finished_at]
 * @property {boolean} [outside]  it is no member
 * @property {Record<string, number>} [counts]  of several, by state
 *
 * @typedef {object} GraphEdge  a job waits for its parent, or belongs to it
 * @property {string} parent
 * @property {string} child
 * @property {string} policy  what the parent's failure means, or "member"
 * @property {string} [state]  "open", "satisfied", "passed_on", "held" or "dropped"
 * @property {number} [position]  of the parent's result; missing: it passes none
 * @property {number} [count]  edges that are shown as one
 *
 * @typedef {object} JobGraph  a job with its members and what they wait for
 * @property {string} id
 * @property {GraphNode[]} nodes
 * @property {GraphEdge[]} [edges]
 * @property {string[]} [critical]  ids of the members whose ends decide the end of the whole, in order
 * @property {number} [members]
 * @property {boolean} [collapsed]  members of one task are shown as one
 * @property {number} [left_out]  nodes beyond the bound
 *
 * @typedef {object} WaitReason  one thing between a job and its start
 * @property {string} rule  "time", "pause", "workers", "order", "jobs", or "limit:" and a key, or "job:" and an id
 * @property {boolean} open  whether it lets the job through now
 * @property {string} why
 * @property {number} [opens_at]  when time opens it
 * @property {string[]} [holders]  ids of the first jobs that have the permits of the limit that holds it
 */

export {};
