// What a program says of its tasks, and what follows from it. Written by hand: an interface that programs fill cannot be said in JSDoc.

/**
 * The tasks of a program, by name; it fills them in, and then `call`, `start`, `result`, `s` and `si` know them:
 *
 *     declare module "taskbahn" {
 *       interface Tasks {
 *         "images.thumbnail": { args: [path: string, width?: number]; result: string };
 *       }
 *     }
 */
export interface Tasks {}

/** The arguments of a task by position; those that are left out may come by name. */
export type Args<T extends string> = T extends keyof Tasks ? (Tasks[T] extends { args: infer A extends unknown[] } ? Partial<A> : unknown[]) : unknown[];

/** What a task returns. */
export type Result<T extends string> = T extends keyof Tasks ? (Tasks[T] extends { result: infer R } ? R : any) : any;

declare const gives: unique symbol;

/** What a flow gives; only types know it. */
export interface Giving<R> {
  readonly [gives]?: R;
}

/** What stands for a result among the arguments of a call. */
export interface Output {
  readonly $output: string;
}

/** Arguments of which each, and each item of a list among them, may be an output. */
export type OrOutputs<A extends unknown[]> = { [K in keyof A]: A[K] | Output | (A[K] extends (infer I)[] | undefined ? (I | Output)[] : never) };
