// What a program holds.

import { withTypes } from "./attributes.js";
import { Consumer } from "./consumer.js";
import { Kept } from "./requests.js";
import { Session } from "./session.js";
import { Subscription } from "./subscription.js";

const CLIENT = { name: "fanq-javascript", version: "0.1.0" };
const RESUME_WINDOW_S = 30;

/** Whatever is no text travels as JSON. */
const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** The address of the socket of a hub. */
export function socketUrl(address) {
  const url = new URL(address, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.pathname === "/") {
    url.pathname = "/ws";
  }
  url.hash = "";
  return url.href;
}

/** A hub, by one connection after the other. */
export class Hub {
  #session;

  constructor(address, options = {}) {
    const {
      token,
      account,
      region,
      resumeWindow = RESUME_WINDOW_S,
      onState,
      WebSocket = globalThis.WebSocket,
    } = options;
    if (!WebSocket) {
      throw new TypeError("There is no WebSocket here: give one in the options, for example that of the package ws.");
    }
    const hello = { auth: token, account, region, client: CLIENT };
    this.#session = new Session({ url: socketUrl(address), WebSocket, hello, resumeWindow }, onState);
  }

  get opened() {
    return this.#session.opened;
  }

  get closed() {
    return this.#session.ended;
  }

  get state() {
    return this.#session.state;
  }

  subscribe(topics, options = {}) {
    const subscription = new Subscription(this.#session, topics, options);
    this.#session.join(subscription);
    return subscription;
  }

  consume(queue, options = {}) {
    const consumer = new Consumer(this.#session, queue, options);
    this.#session.join(consumer);
    return consumer;
  }

  publish(topic, message, { attributes, ...options } = {}) {
    return this.#accepted({
      type: "publish",
      topic,
      message: text(message),
      attributes: withTypes(attributes),
      ...options,
    });
  }

  send(queue, body, { attributes, ...options } = {}) {
    return this.#accepted({ type: "send", queue, body: text(body), attributes: withTypes(attributes), ...options });
  }

  async #accepted(frame) {
    const { messageId, sequenceNumber } = await this.#session.ask(frame, Kept.always);
    return sequenceNumber === undefined ? { messageId } : { messageId, sequenceNumber };
  }

  close(options) {
    return this.#session.close(options);
  }
}
