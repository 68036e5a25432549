// A live subscription of topics.

import { Channel } from "./channel.js";
import { overflow } from "./errors.js";

const BUFFER = 1000;

/** Something that was published. */
class LiveEvent {
  constructor({ replay = false, attributes = {}, ...shown }) {
    Object.assign(this, shown, { replay, attributes });
  }

  json() {
    return JSON.parse(this.message);
  }
}

const isEvent = (item) => item.type === "event";

/** Shows what is published while it is there, and says what was missed. */
export class Subscription extends Channel {
  #topics;
  #options;
  /** Where it is, to go on behind that. */
  #place;

  constructor(session, topics, { signal, ...options }) {
    super(session, signal);
    this.#topics = topics;
    this.#options = options;
  }

  request() {
    const topics = Array.isArray(this.#topics) ? { topics: this.#topics } : { topic: this.#topics };
    return { type: "subscribe", ...topics, ...this.#options, since: this.#place ?? this.#options.since };
  }

  /** It was of the old connection; what comes now cannot be mistaken for that. */
  reopen() {
    this.session.rename(this);
    this.open();
  }

  /** The hub has ended the connection because of one that wanted to be ended rather than miss something. */
  wasTooSlow() {
    if (this.#options.overflow === "close") {
      this.fail(overflow());
    }
  }

  forgotten() {}

  received(frame) {
    const { sub, ...told } = frame;
    switch (told.type) {
      case "event":
        this.#reached(told);
        this.#keep(new LiveEvent(told));
        break;
      case "live":
        this.#reached(told);
        this.stream.push(told);
        break;
      case "gap":
        this.stream.push(told);
        break;
    }
  }

  #reached({ offset, epoch }) {
    this.#place = { offset, epoch };
  }

  /** A reader that is slower than the hub is told so here as it is there. */
  #keep(event) {
    const { buffer = BUFFER, overflow: policy = "dropOldest" } = this.#options;
    if (this.stream.items.length < buffer || !this.stream.items.some(isEvent)) {
      this.stream.push(event);
    } else if (policy === "close") {
      this.fail(overflow());
    } else if (policy === "dropNewest") {
      this.#missed(this.stream.items.length, event);
    } else {
      const oldest = this.stream.items.findIndex(isEvent);
      const [dropped] = this.stream.items.splice(oldest, 1);
      this.#missed(oldest, dropped);
      this.stream.push(event);
    }
  }

  /** Says at a place in the stream that an event was there, together with what is said of those just before. */
  #missed(place, { topic, offset, epoch }) {
    const before = this.stream.items[place - 1];
    if (before?.isOwn) {
      before.dropped += 1;
      before.to = offset;
      before.topic = before.topic === topic ? topic : undefined;
    } else {
      const gap = { type: "gap", dropped: 1, from: offset, to: offset, why: "overflow", topic, epoch };
      Object.defineProperty(gap, "isOwn", { value: true });
      this.stream.items.splice(place, 0, gap);
    }
  }

  async each(handler) {
    for await (const item of this) {
      await handler(item);
    }
  }

  async close() {
    if (!this.isEnded) {
      this.stream.items = [];
      const told = this.session.leave(this);
      this.end();
      await told;
    }
  }
}
