// What goes wrong, by one class and its codes.

/** A refusal by the hub, or by this client, which has the codes below for its own. */
export class HubError extends Error {
  constructor(code, message, { retryable = false, why } = {}) {
    super(message);
    this.name = "HubError";
    this.code = code;
    this.retryable = retryable;
    this.why = why;
  }

  /** What the hub says in an `error` frame. */
  static of({ code = "InternalError", message = code, retryable = false }) {
    return new HubError(code, message, { retryable });
  }
}

const WHYS = {
  expired: "its lease has ended, so somebody else may have it now",
  deleted: "it was deleted by somebody else",
  purged: "its queue was purged",
  moved: "it was moved to another queue",
  session: "the hub does not know its session any more",
  nacked: "it was given back with its group",
  closed: "its consumer was closed",
};

export const leaseLost = (why) => new HubError("LeaseLost", `The message is lost: ${WHYS[why] ?? why}.`, { why });

export const settled = () => new HubError("Settled", "The message was acknowledged or given back already.");

export const closed = () => new HubError("Closed", "The connection to the hub was closed.");

export const disconnected = () =>
  new HubError("Disconnected", "The connection broke before the hub answered.", { retryable: true });

/** The hub closed the connection because of something that was said on it. */
export const refused = (code, reason) =>
  new HubError("Refused", `The hub closed the connection with ${code}${reason && `: ${reason}`}.`);

export const tooLarge = (bytes, limit) =>
  new HubError("TooLarge", `The request has ${bytes} bytes; the hub takes ${limit} at most.`);

export const tooMany = (limit) => new HubError("TooMany", `There are ${limit} already.`, { retryable: true });

export const overflow = () => new HubError("Overflow", "Events came faster than they were read.");
