// Live subscriptions and durable consumers of a fanq hub, in browsers and in Node.

import { Hub } from "./hub.js";

export { HubError } from "./errors.js";

/** Connects to a hub, and stays connected. */
export const connect = (address, options) => new Hub(address, options);
