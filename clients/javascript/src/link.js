// One connection after the other to a hub, as if they were one.

import { LASTING_MS, delayMs } from "./backoff.js";
import { HubError, refused } from "./errors.js";

const PROTOCOL = "fanq.v1.json";
const HANDSHAKE_MS = 10_000;
const HEARTBEAT_S = 20;
const SUBS_MAX = 100;
const FRAME_BYTES_MAX = 2 * 1024 * 1024;

/** Close codes: what they mean for the next attempt. */
const Code = Object.freeze({
  orderly: 1000,
  abnormal: 1006,
  badFrame: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  silent: 4408,
  takenOver: 4409,
  tooLarge: 4413,
  tooMuch: 4429,
});

/**
 * Opens a socket, says who it is, and opens another when that breaks, with the session of the last one while the hub
 * knows it. The listener is told `connected(frame)`, `received(frame)`, `interrupted(refusal, isTooSlow)`,
 * `forgotten()` when no session can be resumed any more, `ended(error)` when there will be no further attempt, and
 * `state(change)`.
 */
export class Link {
  #url;
  #WebSocket;
  #hello;
  #windowMs;
  #listener;
  #socket;
  #isOpen = false;
  #isClosing = false;
  #openedAt = 0;
  #heardAt = 0;
  #attempt = 0;
  #session;
  #drainingMs = 0;
  #limits = {};
  #redial;
  #window;
  #pulse;

  constructor({ url, WebSocket, hello, resumeWindow }, listener) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#hello = { ...hello, resumeWindow };
    this.#windowMs = resumeWindow * 1000;
    this.#listener = listener;
  }

  get isOpen() {
    return this.#isOpen;
  }

  get frameBytesMax() {
    return this.#limits.frame ?? FRAME_BYTES_MAX;
  }

  /** How many channels there may be. */
  get subsMax() {
    return this.#limits.subs ?? SUBS_MAX;
  }

  /** Says a text, if there is a connection. */
  send(text) {
    if (this.#isOpen) {
      this.#socket.send(text);
    }
    return this.#isOpen;
  }

  /** Opens a socket. */
  dial() {
    this.#listener.state({ state: "connecting", attempt: this.#attempt });
    const socket = new this.#WebSocket(this.#url, [PROTOCOL]);
    this.#socket = socket;
    socket.onopen = () => this.#greet(socket);
    socket.onmessage = ({ data }) => socket === this.#socket && !this.#isClosing && this.#received(data);
    socket.onclose = ({ code, reason }) => socket === this.#socket && this.#interrupted(code, reason);
    // The close that follows it says all that pages may know.
    socket.onerror = () => {};
    this.#listen(HANDSHAKE_MS, () => this.#abandon());
  }

  /** Closes in order: what is not acknowledged is there for others at once. */
  close() {
    if (this.#isClosing) {
      return;
    }
    this.#isClosing = true;
    clearTimeout(this.#redial);
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#socket.close(Code.orderly);
      this.#listen(HANDSHAKE_MS, () => this.#abandon());
    } else {
      this.#abandon();
    }
  }

  #greet(socket) {
    if (socket === this.#socket) {
      // What was on the way when the connection broke is wanted again; what arrived is known by its tag.
      const before = this.#session && { ...this.#session, resendUnacked: true };
      socket.send(JSON.stringify({ type: "connect", id: "0", ...this.#hello, ...before }));
    }
  }

  #received(data) {
    this.#heardAt = performance.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      this.#abandon();
      return;
    }
    if (frame.type === "ping") {
      this.#socket.send(JSON.stringify({ type: "pong", t: frame.t }));
    } else if (this.#isOpen) {
      this.#heard(frame);
    } else if (frame.type === "connected") {
      this.#connected(frame);
    } else if (frame.type === "error" && !frame.retryable) {
      this.#end(HubError.of(frame));
    } else if (frame.type === "error") {
      this.#abandon();
    }
  }

  #heard(frame) {
    if (frame.type === "draining") {
      this.#drainingMs = frame.reconnectAfter ?? 0;
      this.#listener.state({ state: "draining", reason: frame.reason, reconnectAfterMs: this.#drainingMs });
    } else if (frame.type !== "pong") {
      this.#listener.received(frame);
    }
  }

  #connected(frame) {
    clearTimeout(this.#window);
    this.#window = undefined;
    this.#isOpen = true;
    this.#openedAt = this.#heardAt;
    this.#limits = frame.limits ?? {};
    const isResumed = this.#session !== undefined && frame.resumed === true;
    if (this.#session && !isResumed) {
      this.#listener.forgotten();
    }
    this.#session = { session: frame.session, resume: frame.resume };
    this.#beat((frame.heartbeat ?? HEARTBEAT_S) * 1000);
    this.#listener.state({ state: "connected", resumed: isResumed, server: frame.server });
    this.#listener.connected({ ...frame, resumed: isResumed });
  }

  /** Pages do not see the pings of WebSocket, so silence is answered with a ping of our own, and more of it ends it. */
  #beat(heartbeatMs) {
    this.#listen(heartbeatMs / 2, () => {
      const silentMs = performance.now() - this.#heardAt;
      if (silentMs >= 2 * heartbeatMs) {
        this.#abandon();
        return;
      }
      if (silentMs >= heartbeatMs) {
        this.send(JSON.stringify({ type: "ping" }));
      }
      this.#beat(heartbeatMs);
    });
  }

  /** There is one clock for whatever the connection is in. */
  #listen(delay, then) {
    clearTimeout(this.#pulse);
    this.#pulse = setTimeout(then, delay);
  }

  /** Gives a socket up without waiting for what the other side says to that. */
  #abandon() {
    const socket = this.#socket;
    if (socket) {
      // Half-open, it may take minutes to notice; those of Node can be told to end at once.
      (socket.terminate ?? socket.close).call(socket);
    }
    this.#interrupted(this.#isClosing ? Code.orderly : Code.silent, "");
  }

  #interrupted(code, reason) {
    this.#socket = undefined;
    clearTimeout(this.#pulse);
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    if (this.#isClosing) {
      this.#end();
      return;
    }
    if (code === Code.unauthenticated || code === Code.forbidden) {
      const name = code === Code.unauthenticated ? "NotAuthenticated" : "Forbidden";
      this.#end(new HubError(name, reason || `The hub closed the connection with ${code}.`));
      return;
    }
    if (code === Code.takenOver) {
      this.#forget();
    }
    if (wasOpen) {
      // One that the hub ended at once for a reason of its own will not go better soon.
      const wasEnded = code >= Code.badFrame && performance.now() - this.#openedAt < LASTING_MS;
      this.#attempt = wasEnded ? this.#attempt : 0;
      const isRefused = code === Code.badFrame || code === Code.tooLarge;
      this.#listener.interrupted(isRefused ? refused(code, reason) : undefined, code === Code.tooMuch);
    }
    this.#plan(code, reason);
  }

  #plan(code, reason) {
    // A hub that restarts has asked for some patience; not all who had it come back in the same moment.
    const patienceMs = this.#drainingMs * (1 + Math.random() / 2);
    const retryInMs = Math.round(patienceMs + delayMs(this.#attempt));
    this.#drainingMs = 0;
    this.#attempt += 1;
    if (this.#session) {
      this.#window ??= setTimeout(() => this.#forget(), this.#windowMs);
    }
    this.#redial = setTimeout(() => this.dial(), retryInMs);
    this.#listener.state({ state: "disconnected", code: code ?? Code.abnormal, reason, retryInMs });
  }

  /** The window to resume is over, so others may have what was leased. */
  #forget() {
    clearTimeout(this.#window);
    this.#window = undefined;
    const isAsking = this.#socket !== undefined;
    this.#session = undefined;
    this.#listener.forgotten();
    if (isAsking) {
      // It may just have been resumed; what was given up stays given up.
      this.#abandon();
    }
  }

  #end(error) {
    this.#isClosing = true;
    this.#isOpen = false;
    const socket = this.#socket;
    this.#socket = undefined;
    for (const timer of [this.#redial, this.#window, this.#pulse]) {
      clearTimeout(timer);
    }
    socket?.close(Code.orderly);
    this.#listener.state({ state: "closed", error });
    this.#listener.ended(error);
  }
}
