/** What the jobs of flows are called, and the signs of their states. Nothing here touches the page. */

/** @type {Record<string, string>} */
const FLOW_NAMES = { "taskbahn.chain": "chain", "taskbahn.group": "group" };

/** A sign for each state, so that its colour alone says nothing. @type {Record<string, string>} */
export const STATE_SIGNS = { waiting: "◷", ready: "◌", running: "▶", succeeded: "✓", failed: "✗", cancelled: "⊘", expired: "⌛" };

/** Whether a job is a flow, which no worker runs. @param {string} task */
export const isFlow = (task) => task in FLOW_NAMES;

/** @param {string} task */
export const taskName = (task) => FLOW_NAMES[task] ?? task;

/** @param {{task: string, title?: string | null, label?: string | null}} job  with what people call it, or its name in the flow */
export const jobName = ({ task, title, label }) => (title || label ? `${title || label} (${taskName(task)})` : taskName(task));

/** @param {Record<string, number>} counts  by state */
export const countsText = (counts) => Object.entries(counts).map(([state, count]) => `${count.toLocaleString("en")} ${state}`).join(", ");

/** The class that cuts what `jobName` says, where it is too long: the name of a task differs from others at its end, what people wrote at its beginning. @param {{title?: string | null, label?: string | null}} job */
export const cutOf = ({ title, label }) => (title || label ? "" : "cut-left");
