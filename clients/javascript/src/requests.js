// Requests that wait for their answers.

import { Deferred } from "./deferred.js";
import { HubError, disconnected, leaseLost, tooLarge, tooMany } from "./errors.js";

/** How long a request is worth being repeated, when its connection breaks before the answer. */
export const Kept = Object.freeze({
  /** Until it is answered: the hub knows a repeated id. */
  always: "always",
  /** As long as the hub knows the session: it speaks of leases. */
  session: "session",
  /** Not at all: whoever asked asks anew. */
  connection: "connection",
});

const WAITING_MAX = 10_000;

const encoder = new TextEncoder();

/** All of one hub, in the order in which they were asked. */
export class Requests {
  #waiting = new Map();
  #last = 0;
  #send;
  #frameBytesMax;

  /** `send` says a text to the hub, and whether there was a connection to say it on. */
  constructor(send, frameBytesMax) {
    this.#send = send;
    this.#frameBytesMax = frameBytesMax;
  }

  /** Asks, and resolves with the answer. */
  ask(frame, kept) {
    const request = Object.assign(new Deferred(), { kept, isSent: false, times: 0 });
    this.#last += 1;
    const id = String(this.#last);
    request.text = JSON.stringify({ ...frame, id });
    const refusal = this.#refusal(request);
    if (refusal) {
      request.reject(refusal);
      return request.promise;
    }
    this.#say(request);
    if (request.isSent || kept !== Kept.connection) {
      this.#waiting.set(id, request);
    } else {
      request.reject(disconnected());
    }
    return request.promise;
  }

  #say(request) {
    request.isSent = this.#send(request.text);
    request.times += request.isSent ? 1 : 0;
  }

  #refusal({ text, kept }) {
    const bytesMax = this.#frameBytesMax();
    // No character takes more than three bytes.
    if (text.length * 3 > bytesMax) {
      const { length } = encoder.encode(text);
      if (length > bytesMax) {
        return tooLarge(length, bytesMax);
      }
    }
    return kept === Kept.always && this.#waiting.size >= WAITING_MAX ? tooMany(WAITING_MAX) : undefined;
  }

  /** An `ok` or an `error`. */
  answered(frame) {
    const request = this.#waiting.get(frame.id);
    if (!request) {
      return;
    }
    this.#waiting.delete(frame.id);
    if (frame.type === "ok") {
      request.resolve({ ...frame, isRepeated: request.times > 1 });
    } else {
      request.reject(HubError.of(frame));
    }
  }

  /** The connection is gone. When it went because of what was said on it, nothing of that is said again. */
  interrupted(refusal) {
    for (const [id, request] of this.#waiting) {
      if (request.kept === Kept.connection || (refusal && request.isSent)) {
        this.#waiting.delete(id);
        request.reject(refusal ?? disconnected());
      }
      request.isSent = false;
    }
  }

  /** The hub has forgotten the session, so what was said of its leases means nothing to it. */
  forgotten() {
    for (const [id, request] of this.#waiting) {
      if (request.kept === Kept.session) {
        this.#waiting.delete(id);
        request.reject(leaseLost("session"));
      }
    }
  }

  /** Says again what was not answered. */
  repeat() {
    this.#waiting.forEach((request) => this.#say(request));
  }

  /** Resolves when all are answered. */
  async settled() {
    await Promise.allSettled(Array.from(this.#waiting.values(), ({ promise }) => promise));
  }

  /** Nothing will be answered any more. */
  end(error) {
    for (const request of this.#waiting.values()) {
      request.reject(error);
    }
    this.#waiting.clear();
  }
}
