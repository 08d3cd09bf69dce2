// What a program says of its tasks, and what follows from it. Written by hand: an interface that programs fill cannot be said in JSDoc.

import type { Callbacks } from "./flows.js";
import type { Options } from "./wire.js";

/**
 * The tasks of a program, by name; it fills them in, and then `call`, `start`, `result`, `s` and `si` know them:
 *
 *     declare module "taskbahn" {
 *       interface Tasks {
 *         "images.thumbnail": { args: [path: string, width?: number]; kwargs: { width?: number }; result: string };
 *       }
 *     }
 *
 * Without `kwargs` any names may be given.
 */
export interface Tasks {}

/** The arguments of a task by position; those that are left out may come by name. */
export type Args<T extends string> = T extends keyof Tasks ? (Tasks[T] extends { args: infer A extends unknown[] } ? Partial<A> : unknown[]) : unknown[];

/** The arguments of a task by name. */
export type Kwargs<T extends string> = T extends keyof Tasks ? (Tasks[T] extends { kwargs: infer K } ? Partial<K> : Record<string, unknown>) : Record<string, unknown>;

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

/** A text with a place, such as "{@due}" in a schedule or "{event.day}" in a trigger. */
export type Template = `${string}{${string}}${string}`;

/** Arguments of which each, and each item of a list among them, may be an output, or a text with a place. */
export type OrOutputs<A extends unknown[]> = { [K in keyof A]: A[K] | Output | Template | (A[K] extends (infer I)[] | undefined ? (I | Output)[] : never) };

/** The arguments of a call in a flow: all of them, or those after the first, which is the result of what comes before. */
export type FlowArgs<T extends string> = OrOutputs<Args<T>> | (Args<T> extends [_first?: any, ...rest: infer R] ? OrOutputs<R> : never);

/** Named arguments, likewise. */
export type NamedOrOutputs<K> = { [N in keyof K]: K[N] | Output | Template | (K[N] extends (infer I)[] | undefined ? (I | Output)[] : never) };

/** Named arguments of a task that says nothing of them: any, but for listeners, which belong one place further back. */
export type AnyNamed = Record<string, unknown> & { onProgress?: never; onEvent?: never };

/** Named arguments as a task declares them; none if it declares that there are none. */
export type Named<K> = keyof K extends never ? Record<string, never> : K;

/** What a task takes, and then options O: all that it must have by position, or by name. */
export type TaskGiven<T extends string, O> = T extends keyof Tasks
  ? Tasks[T] extends { args: infer A extends unknown[]; kwargs: infer K }
    ? ByPosition<A, Named<Partial<K>>, K, O> | ({} extends K ? never : [args: Partial<A>, kwargs: K, options?: O])
    : Tasks[T] extends { args: infer A extends unknown[] }
      ? ([] extends A ? [args?: A, kwargs?: AnyNamed, options?: O] : [args: A, kwargs?: AnyNamed, options?: O] | [args: Partial<A>, kwargs: AnyNamed, options?: O])
      : [args?: unknown[], kwargs?: Kwargs<T>, options?: O]
  : [args?: unknown[], kwargs?: AnyNamed, options?: O];

/** All that a task must have, by position; not possible if it must have names, and no positions. */
type ByPosition<A extends unknown[], P, K, O> = [] extends A ? ({} extends K ? [args?: A, kwargs?: P, options?: O] : never) : [args: A, kwargs?: P, options?: O];

/** What `start` takes after a task or a flow. */
export type StartGiven<W> = W extends string ? TaskGiven<W, Options & Callbacks & { id?: string }> : [options?: Options & { id?: string }];

/** What `call` takes after a task or a flow; L: how its caller listens. */
export type CallGiven<W, L> = W extends string ? TaskGiven<W, L> : [options?: L & Options];

/** What a task returns, or a flow gives. */
export type Given<W> = W extends string ? Result<W> : W extends Giving<infer R> ? (unknown extends R ? any : R) : any;
