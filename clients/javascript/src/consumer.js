// A durable consumer of a queue.

import { Acknowledgements } from "./acknowledgements.js";
import { Channel } from "./channel.js";
import { Deferred } from "./deferred.js";
import { leaseLost } from "./errors.js";
import { handleAll } from "./handling.js";
import { Message } from "./message.js";
import { Kept } from "./requests.js";

const CREDIT = 16;

/** No message can be hidden for longer. */
const HIDDEN_S_MAX = 43_200;

/** An ordinary receiver of the queue that is pushed to: never more than its credit is unsettled. */
export class Consumer extends Channel {
  #queue;
  #credit;
  /** What the hub knows, or will from what is on the way. */
  #toldCredit;
  #options;
  #onStats;
  /** By their tags, the messages that the hub has not said to be settled. */
  #held = new Map();
  /** The tag of the last message that came. */
  #lastTag = 0;
  #acknowledgements;
  /** Groups that are being given back, from which message on and how: more of them may be on the way. */
  #returning = new Map();
  #idle;
  #closing;
  isClosing = false;

  constructor(session, queue, { credit = CREDIT, onStats, signal, ...options }) {
    super(session, signal);
    this.#queue = queue;
    this.#credit = credit;
    this.#onStats = onStats;
    this.#options = options;
    this.#acknowledgements = new Acknowledgements((tags) => this.#ask({ type: "ack", tags }));
  }

  request() {
    // None at all cannot be asked for; it is said when the hub has agreed.
    this.#toldCredit = Math.max(1, this.#credit);
    this.#lastTag = 0;
    return { type: "consume", queue: this.#queue, ...this.#options, credit: this.#toldCredit };
  }

  agreed() {
    super.agreed();
    this.#tellCredit().catch(() => {});
  }

  /** Without a connection it is said with the next one. */
  async setCredit(credit) {
    this.#credit = credit;
    await this.#tellCredit();
  }

  async #tellCredit() {
    const credit = this.isClosing ? 0 : this.#credit;
    if (this.isReady && this.session.isOpen && credit !== this.#toldCredit) {
      this.#toldCredit = credit;
      try {
        await this.session.ask({ type: "credit", sub: this.sub, credit }, Kept.connection);
      } catch (error) {
        // Whether it was heard is not known; with the next connection it is said again.
        this.#toldCredit = undefined;
        if (error.code !== "Disconnected") {
          throw error;
        }
      }
    }
  }

  /** Something about messages of this session. */
  #ask(frame) {
    return this.session.ask({ ...frame, sub: this.sub }, Kept.session);
  }

  /** There is a connection again. */
  reopen({ subs = [] }) {
    const known = subs.find(({ sub }) => sub === this.sub);
    if (known) {
      const isOver = ({ tag, isSettled }) => !isSettled && !known.unacked.includes(tag);
      Array.from(this.#held.values())
        .filter(isOver)
        .forEach((message) => this.#lose(message, "expired"));
      this.agreed();
      return;
    }
    this.#loseAll("session");
    if (!this.isClosing) {
      this.open();
    }
  }

  /** It takes no more than its credit. */
  wasTooSlow() {}

  /** The session with its leases is over. */
  forgotten() {
    this.#loseAll("session");
  }

  received(frame) {
    switch (frame.type) {
      case "message":
        this.#pushed(new Message(this, frame));
        break;
      case "lost":
        this.#acknowledgements.lost(frame.tags, frame.why);
        frame.tags.forEach((tag) => this.#lose(this.#held.get(tag), frame.why));
        break;
      case "stats": {
        const { ready, inflight, oldestAge } = frame;
        this.#onStats?.({ ready, inflight, oldestAge });
        break;
      }
    }
  }

  #pushed(message) {
    if (message.tag <= this.#lastTag) {
      // Pushed once more after a lost connection, and not lost with it.
      return;
    }
    this.#lastTag = message.tag;
    if (this.#options.ackMode === "auto") {
      message.done();
      this.stream.push(message);
      return;
    }
    this.#held.set(message.tag, message);
    const returning = this.#returning.get(message.sequence);
    if (this.isClosing) {
      message.nack();
    } else if (returning && returning.sequenceNumber !== message.sequenceNumber) {
      // It was sent before the hub knew that one ahead of it comes again.
      message.nack(returning.how);
    } else {
      this.#returning.delete(message.sequence);
      this.stream.push(message);
    }
  }

  #lose(message, why) {
    if (message) {
      this.stream.remove((item) => item === message);
      message.gone(why);
      this.forget(message);
    }
  }

  #loseAll(why) {
    this.#acknowledgements.lose(why);
    for (const message of Array.from(this.#held.values())) {
      this.#lose(message, why);
    }
  }

  /** A message is settled, and the hub knows. */
  forget(message) {
    if (this.#held.get(message.tag) === message) {
      this.#held.delete(message.tag);
    }
    this.#rest();
  }

  get #isIdle() {
    return Array.from(this.#held.values()).every(({ isSettled }) => isSettled);
  }

  #rest() {
    if (this.#idle && this.#isIdle) {
      this.#idle.resolve();
    }
  }

  ack(message) {
    this.#rest();
    return this.#acknowledgements.add(message.tag);
  }

  nack(messages, { delay = 0, reason, deadLetter } = {}) {
    this.#rest();
    const hidden = Math.min(Math.max(Math.ceil(delay), 0), HIDDEN_S_MAX);
    return this.#ask({ type: "nack", tags: messages.map(({ tag }) => tag), delay: hidden, reason, deadLetter });
  }

  /** With the messages of its group that are here already, or come before the hub has answered. */
  nackGroup(message, { delay, reason } = {}) {
    const group = message.sequence;
    const how = { delay, reason };
    if (group === undefined) {
      return this.nack([message], how);
    }
    const isBehind = (other) => other.sequence === group && other.tag > message.tag;
    const rest = Array.from(this.#held.values()).filter(isBehind);
    const answer = this.nack([message, ...rest], how);
    for (const other of rest) {
      this.#lose(other, "nacked");
    }
    const returning = { how, sequenceNumber: message.sequenceNumber };
    this.#returning.set(group, returning);
    const isOver = () => this.#returning.get(group) === returning && this.#returning.delete(group);
    answer.then(isOver, isOver);
    return answer;
  }

  async extend({ tag }, seconds) {
    const { unknown = [] } = await this.#ask({ type: "extend", tags: [tag], lease: seconds });
    if (unknown.length > 0) {
      throw leaseLost("expired");
    }
  }

  each(handler, options = {}) {
    return handleAll(this, handler, options);
  }

  /** What nobody has taken goes back at once; what is being worked on has so many seconds to be settled. */
  close({ drain = 0 } = {}) {
    this.#closing ??= this.isEnded ? Promise.resolve() : this.#close(drain);
    return this.#closing;
  }

  async #close(drain) {
    this.isClosing = true;
    this.#tellCredit().catch(() => {});
    const untouched = this.stream.remove(({ isSettled }) => !isSettled);
    if (untouched.length > 0) {
      this.nack(untouched);
      untouched.forEach((message) => this.#lose(message, "closed"));
    }
    this.stream.end();
    if (!this.#isIdle && drain > 0) {
      await this.#worked(drain);
    }
    this.#acknowledgements.flush();
    await this.session.dismiss(this);
    this.end();
  }

  async #worked(seconds) {
    this.#idle = new Deferred();
    const timer = setTimeout(this.#idle.resolve, seconds * 1000);
    await this.#idle.promise;
    clearTimeout(timer);
  }

  end(error) {
    if (!this.isEnded) {
      super.end(error);
      this.#idle?.resolve();
      this.#loseAll("closed");
    }
  }
}
