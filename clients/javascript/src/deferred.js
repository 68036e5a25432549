// A promise that is settled from outside.

/** Nobody has to look at it: a rejection that nobody waits for is no unhandled one. */
export class Deferred {
  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}
