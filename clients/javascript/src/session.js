// What outlives a connection: requests without an answer, and channels.

import { Deferred } from "./deferred.js";
import { HubError, closed, tooMany } from "./errors.js";
import { Link } from "./link.js";
import { Kept, Requests } from "./requests.js";

const GOODBYE_MS = 5000;

/** Routes what the hub says to whom it is for, and brings everything back when a connection was lost. */
export class Session {
  #link;
  #requests;
  #channels = new Map();
  #lastChannel = 0;
  /** Channels that the hub may still have and nobody wants any more, as there was no connection to say so. */
  #orphans = new Set();
  #opened = new Deferred();
  #ended = new Deferred();
  #closing;
  #change = { state: "connecting" };
  #onState;

  constructor(settings, onState) {
    this.#onState = onState;
    this.#link = new Link(settings, {
      connected: (frame) => this.#connected(frame),
      received: (frame) => this.#received(frame),
      interrupted: (refusal, isTooSlow) => this.#interrupted(refusal, isTooSlow),
      forgotten: () => this.#forgotten(),
      ended: (error) => this.#end(error),
      state: (change) => this.#changed(change),
    });
    this.#requests = new Requests(
      (text) => this.#link.send(text),
      () => this.#link.frameBytesMax,
    );
    this.#link.dial();
  }

  /** Resolves with the first connection. */
  get opened() {
    return this.#opened.promise;
  }

  /** Resolves when there will be no further one, with the reason unless somebody wanted it so. */
  get ended() {
    return this.#ended.promise;
  }

  get state() {
    return this.#change.state;
  }

  get isOpen() {
    return this.#link.isOpen;
  }

  ask(frame, kept) {
    return this.#closing && kept === Kept.always ? Promise.reject(closed()) : this.#requests.ask(frame, kept);
  }

  /** Lets a channel in, under a name of its own, and opens it when there is a connection. */
  join(channel) {
    const subsMax = this.#link.subsMax;
    const refusal = this.#closing ? closed() : this.#channels.size >= subsMax ? tooMany(subsMax) : undefined;
    if (refusal) {
      channel.end(refusal);
      return;
    }
    this.#name(channel);
    if (this.isOpen) {
      channel.open();
    }
  }

  #name(channel) {
    this.#lastChannel += 1;
    channel.sub = `s${this.#lastChannel}`;
    this.#channels.set(channel.sub, channel);
  }

  /** Gives a channel a new name, so that nothing that is said to the old one reaches it. */
  rename(channel) {
    this.forget(channel);
    this.#name(channel);
  }

  /** The hub does not have it, or is told by somebody else. */
  forget({ sub }) {
    this.#channels.delete(sub);
  }

  /** Nothing that comes for it reaches it any more. Resolves when the hub knows, if there is a connection. */
  leave(channel) {
    this.forget(channel);
    return this.#unsubscribe(channel.sub);
  }

  /** What comes for it until the hub knows still reaches it. */
  async dismiss(channel) {
    await this.#unsubscribe(channel.sub);
    this.forget(channel);
  }

  async #unsubscribe(sub) {
    try {
      await this.#requests.ask({ type: "unsubscribe", sub }, Kept.connection);
    } catch (error) {
      // Any other error says that the hub does not have it.
      if (error.code === "Disconnected") {
        this.#orphans.add(sub);
      }
    }
  }

  /** Gives back what is not acknowledged, waits a moment for answers, and closes in order. */
  close(options) {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async #close(options = {}) {
    const { drain = 0 } = options;
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, drain * 1000 + GOODBYE_MS);
    });
    await Promise.race([this.#finish(options), this.#ended.promise, late]);
    clearTimeout(timer);
    this.#link.close();
    await this.#ended.promise;
  }

  async #finish(options) {
    await Promise.all(Array.from(this.#channels.values(), (channel) => channel.close(options)));
    if (this.isOpen) {
      await this.#requests.settled();
    }
  }

  #interrupted(refusal, isTooSlow) {
    this.#requests.interrupted(refusal);
    if (isTooSlow) {
      this.#channels.forEach((channel) => channel.wasTooSlow());
    }
  }

  #connected(frame) {
    this.#requests.repeat();
    const orphans = frame.resumed ? Array.from(this.#orphans) : [];
    this.#orphans.clear();
    orphans.forEach((sub) => this.#unsubscribe(sub));
    for (const channel of Array.from(this.#channels.values())) {
      channel.reopen(frame);
    }
    this.#opened.resolve();
  }

  #received(frame) {
    const isError = frame.type === "error";
    if (frame.type === "ok" || (isError && frame.id !== undefined)) {
      this.#requests.answered(frame);
    } else if (isError) {
      this.#channels.get(frame.sub)?.fail(HubError.of(frame));
    } else {
      this.#channels.get(frame.sub)?.received(frame);
    }
  }

  #forgotten() {
    this.#requests.forgotten();
    for (const channel of this.#channels.values()) {
      channel.forgotten();
    }
  }

  /** Not before whoever connects holds what they connect with. */
  #changed(change) {
    this.#change = change;
    queueMicrotask(() => this.#onState?.(change));
  }

  #end(error) {
    this.#closing ??= Promise.resolve();
    this.#requests.end(error ?? closed());
    for (const channel of Array.from(this.#channels.values())) {
      channel.end(error);
    }
    this.#channels.clear();
    this.#opened.reject(error ?? closed());
    this.#ended.resolve(error);
  }
}
