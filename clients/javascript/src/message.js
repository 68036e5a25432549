// A message that was pushed, and what can be done with it.

import { HubError, leaseLost, settled } from "./errors.js";

/** Leased to this client until it is settled: acknowledged, given back, or lost. */
export class Message {
  #consumer;
  #abort = new AbortController();
  #isSettled = false;
  /** Its place among the messages of its consumer. */
  tag;

  constructor(consumer, frame) {
    this.#consumer = consumer;
    this.tag = frame.tag;
    this.messageId = frame.messageId;
    this.body = frame.body;
    this.attributes = frame.attributes ?? {};
    this.system = frame.system ?? {};
    this.queue = frame.queue;
    this.receiptHandle = frame.receiptHandle;
    this.redelivered = frame.redelivered === true;
  }

  get groupId() {
    return this.system.MessageGroupId;
  }

  get sequenceNumber() {
    return this.system.SequenceNumber;
  }

  get receiveCount() {
    return Number(this.system.ApproximateReceiveCount);
  }

  get sentAt() {
    return new Date(Number(this.system.SentTimestamp));
  }

  /** The group in which it has a place: in a FIFO queue they are taken one after the other. */
  get sequence() {
    return this.sequenceNumber === undefined ? undefined : this.groupId;
  }

  get signal() {
    return this.#abort.signal;
  }

  get isSettled() {
    return this.#isSettled;
  }

  json() {
    return JSON.parse(this.body);
  }

  ack() {
    // One that is refused with others may have been deleted; only a refusal of them all says that it was not.
    const isKept = ({ code, retryable }) => retryable || code === "Refused";
    return this.#settle(() => this.#consumer.ack(this), isKept);
  }

  nack(options) {
    return this.#settle(() => this.#consumer.nack([this], options), isRefusal);
  }

  nackGroup(options) {
    return this.#settle(() => this.#consumer.nackGroup(this, options), isRefusal);
  }

  extend(seconds) {
    return observed(this.isSettled ? this.#tooLate() : this.#consumer.extend(this, seconds));
  }

  /** If the error is one with which it is kept, it is leased as it was. */
  #settle(how, isKept) {
    if (this.isSettled) {
      return observed(this.#tooLate());
    }
    this.#isSettled = true;
    return observed(this.#answered(how(), isKept));
  }

  async #answered(answer, isKept) {
    try {
      await answer;
    } catch (error) {
      this.signal.throwIfAborted();
      this.#isSettled = !isKept(error);
      throw error;
    } finally {
      if (this.#isSettled) {
        this.#consumer.forget(this);
      }
    }
  }

  async #tooLate() {
    const { reason } = this.signal;
    throw reason instanceof HubError ? reason : settled();
  }

  /** For its consumer: it is in other hands, or in none. */
  gone(why) {
    this.#isSettled = true;
    this.#abort.abort(leaseLost(why));
  }

  /** For its consumer: the hub deleted it when it sent it. */
  done() {
    this.#isSettled = true;
  }
}

const isRefusal = ({ code }) => !["LeaseLost", "Closed"].includes(code);

/** Who does not wait for an answer is not told of an unhandled rejection either. */
function observed(promise) {
  promise.catch(() => {});
  return promise;
}
