/** A router that records what it is asked: hands out sessions, answers and breaks at the test's command. */

export class FakeRouter {
  /** Every call so far: {procedure, args, kwargs, progress, resolve, reject, mode}. */
  calls = [];
  sessions = [];
  /** With which each session was to be opened. */
  tokens = [];
  /** Why no session is let in; null if they are. */
  refusal = null;
  isUp = true;

  dial = async (_url, onClose, token) => {
    this.tokens.push(token);
    if (this.refusal) throw this.refusal;
    if (!this.isUp) throw new Error("no answer");
    const router = this;
    const session = {
      call(procedure, args, kwargs, progress) {
        const call = { procedure, args, kwargs, progress };
        const result = new Promise((resolve, reject) => Object.assign(call, { resolve, reject }));
        router.calls.push(call);
        return { result, cancel: (mode) => (call.mode = mode) };
      },
      subscribe: async (topic) => (session.topics.push(topic), () => {}),
      register: async (procedure) => (session.procedures.push(procedure), () => {}),
      close() {},
      topics: [],
      procedures: [],
      lose: onClose,
    };
    this.sessions.push(session);
    return session;
  };

  /** The newest call, as soon as there are *count*. */
  async call(count = 1) {
    while (this.calls.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
    return this.calls.at(-1);
  }
}
