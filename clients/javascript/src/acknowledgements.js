// Acknowledgements on their way to the hub.

import { Deferred } from "./deferred.js";
import { leaseLost } from "./errors.js";

/** So many frames are on the way at once; what is acknowledged meanwhile shares the next one. */
const FRAMES_MAX = 4;

/** Those of one consumer. */
export class Acknowledgements {
  #waiting = [];
  /** What is on the way. */
  #said = new Set();
  #frames = 0;
  #send;

  /** `send` resolves when the hub has deleted the messages with these tags. */
  constructor(send) {
    this.#send = send;
  }

  add(tag) {
    const waiting = Object.assign(new Deferred(), { tag });
    this.#waiting.push(waiting);
    if (this.#frames < FRAMES_MAX) {
      this.flush();
    }
    return waiting.promise;
  }

  /** Says all there are. */
  async flush() {
    const together = this.#waiting.splice(0);
    if (together.length === 0) {
      return;
    }
    this.#frames += 1;
    together.forEach((one) => this.#said.add(one));
    try {
      const { unknown = [], isRepeated } = await this.#send(together.map(({ tag }) => tag));
      // Said twice, it may not be known any more because it was heard the first time.
      const isLost = ({ tag }) => !isRepeated && unknown.includes(tag);
      together.forEach((one) => (isLost(one) ? one.reject(leaseLost("expired")) : one.resolve()));
    } catch (error) {
      together.forEach(({ reject }) => reject(error));
    }
    together.forEach((one) => this.#said.delete(one));
    this.#frames -= 1;
    this.flush();
  }

  /** The hub has given up these, so it did not delete them, whatever it answers to an acknowledgement said twice. */
  lost(tags, why) {
    const isLost = ({ tag }) => tags.includes(tag);
    [...this.#waiting, ...this.#said].filter(isLost).forEach(({ reject }) => reject(leaseLost(why)));
  }

  /** The leases are over. */
  lose(why) {
    this.#waiting.splice(0).forEach(({ reject }) => reject(leaseLost(why)));
  }
}
