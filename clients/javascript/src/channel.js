// What consumers and live subscriptions have in common.

import { delayMs } from "./backoff.js";
import { Deferred } from "./deferred.js";
import { closed } from "./errors.js";
import { Kept } from "./requests.js";
import { Stream } from "./stream.js";

/**
 * Something that is asked for once, and asked for again by itself when a connection was lost. It is iterated: what the
 * hub pushes comes out.
 */
export class Channel {
  /** Its name on the socket. */
  sub;
  isReady = false;
  isEnded = false;
  session;
  stream = new Stream();
  #ready = new Deferred();
  #attempt = 0;
  #retry;
  #stopListening;

  constructor(session, signal) {
    this.session = session;
    if (signal) {
      signal.throwIfAborted();
      const close = () => this.close();
      signal.addEventListener("abort", close, { once: true });
      this.#stopListening = () => signal.removeEventListener("abort", close);
    }
  }

  /** Resolves when the hub has agreed for the first time. */
  get ready() {
    return this.#ready.promise;
  }

  /** Asks for it. */
  async open() {
    clearTimeout(this.#retry);
    const { sub } = this;
    try {
      await this.session.ask({ ...this.request(), sub }, Kept.connection);
    } catch (error) {
      this.#refused(error, sub);
      return;
    }
    this.agreed();
  }

  agreed() {
    this.#attempt = 0;
    this.isReady = true;
    this.#ready.resolve();
  }

  #refused(error, sub) {
    // With the next connection it is asked for again anyway.
    if (this.isEnded || sub !== this.sub || error.code === "Disconnected") {
      return;
    }
    if (error.retryable) {
      const again = () => !this.isEnded && this.session.isOpen && this.open();
      this.#retry = setTimeout(again, delayMs(this.#attempt));
      this.#attempt += 1;
    } else {
      this.session.forget(this);
      this.end(error);
    }
  }

  /** The hub has ended it. */
  fail(error) {
    this.session.leave(this);
    this.end(error);
  }

  /** Nothing comes any more. */
  end(error) {
    this.isEnded = true;
    clearTimeout(this.#retry);
    this.#stopListening?.();
    this.#ready.reject(error ?? closed());
    this.stream.end(error);
  }

  [Symbol.asyncIterator]() {
    return {
      next: () => this.stream.take(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }
}
