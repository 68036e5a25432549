// Not run: the compiler says whether these types are those that a program would want.

import { HubError, connect } from "fanq";
import type { Accepted, Consumer, Gap, Hub, LiveItem, Message } from "fanq";

declare class Socket {
  constructor(address: string | URL, protocols?: string | string[], options?: { origin?: string });
}

const hub: Hub = connect(new URL("http://127.0.0.1:4566"), { WebSocket: Socket, resumeWindow: 60 });

connect("/", {
  onState(change) {
    if (change.state === "disconnected") {
      const wait: number = change.retryInMs;
    } else if (change.state === "closed") {
      const code: string | undefined = change.error?.code;
    }
    // @ts-expect-error Only a lost connection has a time to wait.
    change.retryInMs;
  },
});

export async function watch(): Promise<Gap | undefined> {
  for await (const item of hub.subscribe(["orders", "returns-*"], { since: { last: 5 }, overflow: "dropNewest" })) {
    const any: LiveItem = item;
    if (item.type === "gap") {
      return item;
    }
    if (item.type === "event") {
      const { order } = item.json();
      const kind: string | undefined = item.attributes.kind?.StringValue;
    }
    // @ts-expect-error Not every item has a message.
    item.message;
  }
  // @ts-expect-error There is no such policy.
  hub.subscribe("orders", { overflow: "wait" });
  return undefined;
}

export async function work(): Promise<void> {
  const consumer: Consumer = hub.consume("orders", { credit: 5, ackMode: "explicit" });
  for await (const message of consumer) {
    const one: Message = message;
    await fetch("https://bank.test", { signal: message.signal });
    await message.ack();
    // @ts-expect-error What came cannot be changed.
    message.body = "";
  }
  await consumer.each(async (message) => message.extend(60), { delay: (message) => message.receiveCount });
  await consumer.close({ drain: 5 });
}

export async function say(): Promise<Accepted> {
  try {
    return await hub.publish("orders", { order: 1 }, { attributes: { kind: "paid", amount: 5, tags: ["a"] } });
  } catch (error) {
    if (error instanceof HubError && error.retryable) {
      return hub.send("orders", "again", { delay: 5 });
    }
    throw error;
  }
}
