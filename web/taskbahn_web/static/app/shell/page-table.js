/** Every page of the dashboard, in the order of the list beside it: a row here is all that the list, the keys, the search and the loader need. */

import { isReadOnly } from "../core/access.js";

/**
 * @typedef {(props: any) => any} Component
 *
 * @typedef {object} PageRow
 * @property {string} page  its word in the address, `#/jobs`
 * @property {string} name
 * @property {string} key  after `g`
 * @property {string} icon  the lines of a 16 by 16 icon
 * @property {boolean} [forOperators]  not where the page only looks
 * @property {() => Promise<Component>} load
 * @property {() => Promise<Component>} [loadOne]  the page about one of what it lists, `#/jobs/ID`
 */

/** @type {readonly PageRow[]} */
const ROWS = [
  {
    page: "overview",
    name: "Overview",
    key: "o",
    icon: "M1.5 9.5 5 6l3 3 6.5-6.5M1.5 14h13",
    load: () => import("../pages/overview.js").then(({ Overview }) => Overview),
  },
  {
    page: "jobs",
    name: "Jobs",
    key: "j",
    icon: "M2 3.5h12M2 8h12M2 12.5h8",
    load: () => import("../pages/jobs.js").then(({ Jobs }) => Jobs),
    loadOne: () => import("../pages/job.js").then(({ Job }) => Job),
  },
  {
    page: "questions",
    name: "Questions",
    key: "a",
    icon: "M2 3h12v8.5H7L4 14v-2.5H2zM6.5 5.9a1.6 1.4 0 1 1 1.6 1.7M8.1 9.4v.01",
    load: () => import("../pages/questions.js").then(({ Questions }) => Questions),
  },
  {
    page: "tasks",
    name: "Tasks",
    key: "t",
    icon: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
    load: () => import("../pages/tasks.js").then(({ Tasks }) => Tasks),
    loadOne: () => import("../pages/task.js").then(({ Task }) => Task),
  },
  {
    page: "schedules",
    name: "Schedules",
    key: "c",
    icon: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.8V8l2.2 1.6",
    load: () => import("../pages/schedules.js").then(({ Schedules }) => Schedules),
    loadOne: () => import("../pages/schedule.js").then(({ Schedule }) => Schedule),
  },
  {
    page: "triggers",
    name: "Triggers",
    key: "r",
    icon: "M9 1.5 3 9h4.5l-.5 5.5L13 7H8.5z",
    load: () => import("../pages/triggers.js").then(({ Triggers }) => Triggers),
    loadOne: () => import("../pages/trigger.js").then(({ Trigger }) => Trigger),
  },
  {
    page: "queues",
    name: "Queues",
    key: "q",
    icon: "M2 5.5h3v5H2zM6.5 5.5h3v5h-3zM11 8h3.5m-1.5-1.5L14.5 8 13 9.5",
    load: () => import("../pages/queues.js").then(({ Queues }) => Queues),
  },
  {
    page: "limits",
    name: "Limits",
    key: "l",
    icon: "M2 12.5a6 6 0 1 1 12 0M8 12.5l2.6-4M2 12.5h1.5m9 0H14",
    load: () => import("../pages/limits.js").then(({ Limits }) => Limits),
    loadOne: () => import("../pages/limit.js").then(({ Limit }) => Limit),
  },
  {
    page: "workers",
    name: "Workers",
    key: "w",
    icon: "M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.5h.01M5 11.5h.01",
    load: () => import("../pages/workers.js").then(({ Workers }) => Workers),
    loadOne: () => import("../pages/worker.js").then(({ Worker }) => Worker),
  },
  {
    page: "errors",
    name: "Errors",
    key: "e",
    icon: "M8 2 1.5 13.5h13L8 2v0M8 6.5v3M8 11.6v.01",
    load: () => import("../pages/errors.js").then(({ Errors }) => Errors),
  },
  {
    page: "audit",
    name: "Audit",
    key: "u",
    icon: "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M5.5 8h5M5.5 11h3.5",
    forOperators: true,
    load: () => import("../pages/audit.js").then(({ Audit }) => Audit),
  },
  {
    page: "settings",
    name: "Settings",
    key: "s",
    icon: "M2 4.5h7m3 0h2M2 11.5h2m3 0h7M10.5 3v3M5.5 10v3",
    load: () => import("../pages/settings.js").then(({ Settings }) => Settings),
  },
];

/** The pages that the reader may see. */
export const PAGES = ROWS.filter(({ forOperators }) => !forOperators || !isReadOnly);
