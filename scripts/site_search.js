/**
 * What the search of the site needs beside its theme (scripts/site_pages.py puts this before the theme's own script).
 *
 * A page that is read from a folder may start no worker, where the theme searches: a frame takes its place. And a query is plain
 * words here: the theme would take `--loglevel`, `task:name` and `5*` as operators, and find nothing.
 */
"use strict";

/** As `Worker`, for what the theme does with one. The theme's worker looks for this name in its parent. */
class IFrameWorker extends EventTarget {
  #frame = document.createElement("iframe");
  #loaded;

  constructor(url) {
    super();
    this.#frame.hidden = true;
    document.body.append(this.#frame);
    const inside = this.#frame.contentWindow;
    inside.document.open();
    inside.document.write("<body></body>"); // or Firefox puts an empty page in its place later
    inside.document.close();
    inside.postMessage = (data) => void setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
    inside.importScripts = (...urls) => Promise.all(urls.map((one) => this.#load(one)));
    this.#loaded = this.#load(String(url));
  }

  #load(url) {
    const script = Object.assign(this.#frame.contentDocument.createElement("script"), { src: url });
    const loaded = new Promise((resolve, reject) => Object.assign(script, { onload: resolve, onerror: reject }));
    this.#frame.contentDocument.body.append(script);
    return loaded;
  }

  postMessage(data) {
    this.#loaded.then(() => this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
  }
}

if (location.protocol === "file:") {
  window.IFrameWorker = IFrameWorker;
  window.Worker = IFrameWorker;
}

const QUERY = 2; // the theme's number for a message with what the reader looks for
const OPERATORS = /[:^~*+]|(?<!\w)-+|-+(?!\w)|-{2,}/g;
const { postMessage } = window.Worker.prototype;
window.Worker.prototype.postMessage = function (message, ...more) {
  const isQuery = message?.type === QUERY && typeof message.data === "string";
  return postMessage.call(this, isQuery ? { ...message, data: message.data.replace(OPERATORS, " ").trim() } : message, ...more);
};
