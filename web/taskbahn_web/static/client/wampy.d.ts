// The part of wampy 8 that `wamp.js` uses. Its published types describe more, and need a package to be installed.

export interface Payload {
  argsList?: unknown[];
  argsDict?: Record<string, unknown>;
  options?: { progress?: boolean };
}

export interface Invocation {
  details: { request: number }; // `wampy-fixes.js` puts it there
  argsList?: unknown[];
  argsDict?: Record<string, unknown>;
  result_handler(result: Payload): void;
}

export interface InvocationError {
  error: string;
  argsList?: unknown[];
  argsDict?: Record<string, unknown>;
}

export class Wampy {
  constructor(url: string, options: Record<string, unknown>);
  connect(): Promise<{ authid: string; authrole: string; authmethod: string; authextra?: { has_password?: boolean } }>;
  disconnect(): Promise<{ authid: string; authrole: string; authmethod: string }>;
  getOpStatus(): { reqId: number };
  call(procedure: string, payload: Payload, options?: { progress_callback?: (payload: Payload) => void }): Promise<Payload>;
  cancel(request: number, options: { mode: "skip" | "kill" | "killnowait" }): boolean;
  subscribe(
    topic: string,
    handler: (payload: Payload) => void,
    options: { match: "exact" | "prefix" | "wildcard"; get_retained: false },
  ): Promise<{ subscriptionId: number }>;
  unsubscribe(subscription: number, handler: (payload: Payload) => void): Promise<unknown>;
  register(procedure: string, handler: (invocation: Invocation) => unknown): Promise<unknown>;
  unregister(procedure: string): Promise<unknown>;

  // not for its users; `wampy-fixes.js` mends what is wrong with them
  protected _wamp_features: { roles: { callee: { features: Record<string, boolean> } } };
  protected _wsOnMessage(event: MessageEvent<string>): Promise<void>;
  protected _onInvocationMessage(message: [number, number, number, object, ...unknown[]]): Promise<void>;
  protected _encode(message: unknown): string;
  protected _decode(text: string): unknown;
  protected _requests: Record<number, { topic: string; advancedOptions?: object }>;
  protected _subscriptionsById: Map<number, { topic: string; advancedOptions?: object; callbacks: unknown[] }>;
  protected _onUnsubscribedMessage(message: [number, number]): Promise<void>;
}

export namespace Errors {
  class WampError extends Error {
    errorUri: string;
    argsList?: unknown[];
    argsDict?: Record<string, unknown>;
  }
  class WebsocketError extends Error {}
  class AbortError extends Error {
    errorUri: string;
    details?: { message?: string };
  }
}
