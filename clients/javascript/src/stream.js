// A queue with an end: what is pushed at one side is awaited at the other.

/** Every item is taken once, also when several take at the same time. */
export class Stream {
  /** What nobody has taken yet, oldest first. */
  items = [];
  #takers = [];
  #end;

  push(item) {
    if (this.#end) {
      return;
    }
    const taker = this.#takers.shift();
    if (taker) {
      taker.resolve({ done: false, value: item });
    } else {
      this.items.push(item);
    }
  }

  /** Nothing comes after what is there; takers of more are told the error, if there is one. */
  end(error) {
    if (this.#end) {
      return;
    }
    this.#end = { error };
    for (const taker of this.#takers.splice(0)) {
      this.#tellEnd(taker);
    }
  }

  /** The next item, when there is one. */
  take() {
    return new Promise((resolve, reject) => {
      if (this.items.length > 0) {
        resolve({ done: false, value: this.items.shift() });
      } else if (this.#end) {
        this.#tellEnd({ resolve, reject });
      } else {
        this.#takers.push({ resolve, reject });
      }
    });
  }

  /** Takes out, at once, the items that are looked for. */
  remove(isLookedFor) {
    const found = this.items.filter(isLookedFor);
    this.items = this.items.filter((item) => !found.includes(item));
    return found;
  }

  #tellEnd({ resolve, reject }) {
    const { error } = this.#end;
    // Told once, as of any iterator that has failed: after that it is at its end.
    this.#end = {};
    if (error) {
      reject(error);
    } else {
      resolve({ done: true, value: undefined });
    }
  }
}
