// The client of the socket, with a hub.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { connect } from "fanq";
import { WebSocket } from "ws";

import { taken } from "./fake.js";
import { Hub, eventually } from "./hub.js";
import { World, bodies, ownHub, range, sharedHub } from "./world.js";

const hub = await sharedHub();

const NOTHING_LEFT = { visible: 0, inFlight: 0 };

/** Sockets that a test can cut. */
class Wire extends WebSocket {
  static open = new Set();

  constructor(...given) {
    super(...given);
    Wire.open.add(this);
    this.once("close", () => Wire.open.delete(this));
  }

  static cut() {
    Wire.open.forEach((wire) => wire.terminate());
  }
}

/** A client of the test's account. */
function client(t, world, options) {
  const made = connect(world.hub.endpoint, { WebSocket, account: world.account, ...options });
  t.after(() => made.close());
  return made;
}

const iterated = (channel) => channel[Symbol.asyncIterator]();

for (const [name, implementation] of Object.entries({ ws: WebSocket, global: globalThis.WebSocket })) {
  test(`messages are consumed and deleted over sockets of the kind ${name}`, async (t) => {
    const world = new World(t, hub);
    const url = await world.queue("orders");
    const made = client(t, world, { WebSocket: implementation });
    const sent = range(100).map((number) => made.send("orders", { number }));
    const handled = [];
    const consumer = made.consume("orders");
    const over = consumer.each((message) => handled.push(message.json().number));
    await Promise.all(sent);
    await eventually("all are handled", () => handled.length >= 100);
    await consumer.close();
    await over;
    assert.deepEqual(
      handled.toSorted((one, other) => one - other),
      range(100),
    );
    assert.deepEqual(await world.counts(url), NOTHING_LEFT);
  });
}

test("what is sent is what an SDK receives, and the other way round", async (t) => {
  const world = new World(t, hub);
  const url = await world.fifoQueue("orders.fifo");
  const made = client(t, world);
  const options = { attributes: { kind: "paid", amount: 5 }, groupId: "a", dedupId: "1" };
  const accepted = await made.send("orders.fifo", "hello", options);
  const received = await world.receiveOne(url);
  assert.equal(received.Body, "hello");
  assert.equal(received.MessageId, accepted.messageId);
  assert.equal(received.Attributes.SequenceNumber, accepted.sequenceNumber);
  assert.deepEqual(received.MessageAttributes, {
    kind: { DataType: "String", StringValue: "paid" },
    amount: { DataType: "Number", StringValue: "5" },
  });
  await world.delete(url, received);

  const more = { MessageGroupId: "a", MessageDeduplicationId: "2" };
  const attributes = { kind: { DataType: "String", StringValue: "shipped" } };
  const { MessageId } = await world.send(url, "again", { ...more, MessageAttributes: attributes });
  const [message] = await taken(iterated(made.consume(url)), 1);
  assert.equal(message.body, "again");
  assert.equal(message.messageId, MessageId);
  assert.equal(message.queue, "orders.fifo");
  assert.equal(message.groupId, "a");
  assert.equal(message.receiveCount, 1);
  assert.ok(!message.redelivered);
  assert.deepEqual(message.attributes, attributes);
  await world.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: message.receiptHandle });
});

test("what is published is seen while it happens, and what was before it too", async (t) => {
  const world = new World(t, hub);
  const { TopicArn } = await world.sns.createTopic({ Name: "orders" });
  const made = client(t, world);
  await made.publish("orders", { order: 1 }, { attributes: { kind: "paid" } });
  await made.publish("orders", { order: 2 }, { attributes: { kind: "placed" } });
  const options = { filter: { kind: ["paid"] }, since: { last: 10 } };
  const items = iterated(made.subscribe("orders", options));
  const [before, live] = await taken(items, 2);
  assert.deepEqual([before.json(), before.replay, live.type, live.recovered], [{ order: 1 }, true, "live", true]);

  const MessageAttributes = { kind: { DataType: "String", StringValue: "paid" } };
  const published = await world.sns.publish({ TopicArn, Message: "three", Subject: "an order", MessageAttributes });
  const [event] = await taken(items, 1);
  const { messageId, topic, message, subject, attributes, replay } = event;
  assert.deepEqual(
    { messageId, topic, message, subject, attributes, replay },
    {
      messageId: published.MessageId,
      topic: "orders",
      message: "three",
      subject: "an order",
      attributes: MessageAttributes,
      replay: false,
    },
  );
});

test("a reader that is away is shown what it missed, and then goes on", async (t) => {
  const world = new World(t, hub);
  await world.sns.createTopic({ Name: "orders" });
  const watcher = client(t, world, { WebSocket: Wire });
  const publisher = client(t, world);
  const subscription = watcher.subscribe(["orders", "returns-*"]);
  await subscription.ready;
  const seen = [];
  const gaps = [];
  subscription.each((item) => {
    if (item.type === "event") {
      seen.push(item.json());
    } else if (item.type === "gap" || !item.recovered) {
      gaps.push(item);
    }
  });
  for (const number of range(50)) {
    if (number % 10 === 5) {
      Wire.cut();
    }
    await publisher.publish("orders", number);
  }
  await eventually("all are seen", () => seen.length >= 50);
  assert.deepEqual(seen, range(50));
  assert.deepEqual(gaps, []);
});

test("a refusal has the code of the HTTP API", async (t) => {
  const made = client(t, new World(t, hub));
  await assert.rejects(made.publish("nothing", "x"), { code: "NotFound" });
  await assert.rejects(made.send("nothing", "x"), { code: "QueueDoesNotExist", retryable: false });
  await assert.rejects(iterated(made.consume("nothing")).next(), { code: "QueueDoesNotExist" });
  await assert.rejects(iterated(made.subscribe("orders", { filter: { kind: 1 } })).next(), { name: "HubError" });
});

test("a page of another origin is not let in", async (t) => {
  class Foreign extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { origin: "https://elsewhere.test" });
    }
  }
  const made = client(t, new World(t, hub), { WebSocket: Foreign });
  assert.equal((await made.closed).code, "Forbidden");
});

test("leases outlive a lost connection, and what is acknowledged meanwhile counts", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders", { VisibilityTimeout: "43200" });
  await world.send(url, "a");
  await world.send(url, "b");
  const changes = [];
  const made = client(t, world, { WebSocket: Wire, onState: (change) => changes.push(change) });
  const messages = await taken(iterated(made.consume("orders")), 2);
  Wire.cut();
  await eventually("the client notices", () => made.state === "disconnected");
  await messages[0].ack();
  assert.deepEqual(await world.counts(url), { visible: 0, inFlight: 1 });
  assert.deepEqual(changes.at(-1).resumed, true);
  assert.ok(!messages[1].signal.aborted);
  await messages[1].ack();
  assert.deepEqual(await world.counts(url), NOTHING_LEFT);
});

test("no message is lost or kept when the connection breaks again and again", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const made = client(t, world, { WebSocket: Wire });
  const handled = new Set();
  made.consume("orders", { credit: 50 }).each(({ body }) => {
    handled.add(body);
    if (handled.size % 100 === 50) {
      Wire.cut();
    }
  });
  const accepted = await Promise.all(range(1000).map((number) => made.send("orders", `${number}`)));
  assert.equal(new Set(accepted.map(({ messageId }) => messageId)).size, 1000);
  await eventually("all are handled", () => handled.size === 1000);
  await eventually("all are deleted", async () => {
    const { visible, inFlight } = await world.counts(url);
    return visible + inFlight === 0;
  });
});

test("a FIFO group keeps its order when a handler fails", async (t) => {
  const world = new World(t, hub);
  const url = await world.fifoQueue("orders.fifo", { ContentBasedDeduplication: "true" });
  const expected = range(20).map(String);
  for (const body of expected) {
    await world.send(url, body, { MessageGroupId: "a" });
  }
  const made = client(t, world);
  const handled = [];
  let failures = 0;
  made.consume("orders.fifo", { credit: 5 }).each(
    ({ body }) => {
      if (Number(body) % 5 === 3 && failures <= Number(body) / 5) {
        failures += 1;
        throw new Error("not yet");
      }
      handled.push(body);
    },
    { delay: 0, onError: () => {} },
  );
  await eventually("all are handled", () => handled.length >= 20);
  assert.deepEqual(handled, expected);
  assert.equal(failures, 4);
});

test("a message is given back, or goes to the dead-letter queue", async (t) => {
  const world = new World(t, hub);
  const failed = await world.queue("failed");
  const redrive = { deadLetterTargetArn: await world.arn(failed), maxReceiveCount: 9 };
  const url = await world.queue("orders", { RedrivePolicy: JSON.stringify(redrive) });
  await world.send(url, "order");
  const made = client(t, world);
  const messages = iterated(made.consume("orders"));
  const [first] = await taken(messages, 1);
  await first.nack();
  const [second] = await taken(messages, 1);
  assert.equal(second.receiveCount, 2);
  assert.ok(second.redelivered);
  await second.nack({ deadLetter: true, reason: "it cannot be read" });
  assert.deepEqual(bodies(await world.receive(failed)), ["order"]);

  await world.queue("returns");
  await made.send("returns", "return");
  const [third] = await taken(iterated(made.consume("returns")), 1);
  await assert.rejects(third.nack({ deadLetter: true }), { name: "HubError" });
  await third.ack();
});

test("the work on a message whose lease has ended is told to stop", async (t) => {
  const own = await ownHub(t);
  await own.freeze();
  const world = new World(t, own);
  const url = await world.queue("orders");
  await world.send(url, "order");
  const made = client(t, world);
  const [message] = await taken(iterated(made.consume("orders", { autoExtend: false, lease: 30, credit: 1 })), 1);
  await message.extend(60);
  await own.advance(31);
  assert.ok(!message.signal.aborted);
  await own.advance(30);
  await eventually("the lease is lost", () => message.signal.aborted);
  assert.equal(message.signal.reason.why, "expired");
  await assert.rejects(message.ack(), { code: "LeaseLost" });
});

test("leases are renewed for as long as there is a connection", async (t) => {
  const own = await ownHub(t);
  await own.freeze();
  const world = new World(t, own);
  const url = await world.queue("orders", { VisibilityTimeout: "30" });
  await world.send(url, "order");
  const made = client(t, world);
  const [message] = await taken(iterated(made.consume("orders")), 1);
  for (const _ of range(20)) {
    await own.advance(5);
    // An answer of this session: what it had to renew by now is renewed.
    await message.extend(30);
  }
  assert.deepEqual(await world.counts(url), { visible: 0, inFlight: 1 });
  await message.ack();
  assert.deepEqual(await world.counts(url), NOTHING_LEFT);
});

test("what a client has not acknowledged is there for others when it is closed", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders", { VisibilityTimeout: "43200" });
  await Promise.all(range(5).map((number) => world.send(url, `${number}`)));
  const made = client(t, world);
  const [first, second] = await taken(iterated(made.consume("orders", { credit: 4 })), 2);
  first.ack();
  await made.close();
  assert.equal(second.signal.reason.why, "closed");
  assert.deepEqual(await world.counts(url), { visible: 4, inFlight: 0 });
});

test("after a restart of the hub everything goes on, and what was leased comes again", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "fanq-javascript-"));
  t.after(() => rm(folder, { recursive: true }));
  const flags = ["--data-dir", path.join(folder, "data")];
  let running = await Hub.start(...flags);
  t.after(() => running.stop());
  const world = new World(t, running);
  const url = await world.queue("orders", { VisibilityTimeout: "1" });
  await world.sns.createTopic({ Name: "orders" });
  await world.send(url, "order");
  const made = client(t, world);
  const lives = [];
  const items = made.subscribe("orders");
  items.each((item) => item.type === "live" && lives.push(item.recovered));
  const messages = iterated(made.consume("orders", { credit: 1 }));
  const [first] = await taken(messages, 1);

  await running.kill();
  await eventually("the client notices", () => made.state !== "connected");
  const late = made.publish("orders", "late");
  running = await Hub.start(...flags, "--port", new URL(running.endpoint).port);
  assert.ok((await late).messageId);
  await eventually("the lease is lost", () => first.signal.aborted);
  assert.equal(first.signal.reason.why, "session");
  const [second] = await taken(messages, 1);
  assert.deepEqual([second.body, second.receiveCount], ["order", 2]);
  await second.ack();
  await eventually("the subscription is live again", () => lives.length === 2);
  assert.deepEqual(lives, [true, false]);
});

test("a hub that stops says so, and lets its clients finish", async (t) => {
  const own = await Hub.start();
  const world = new World(t, own);
  await world.queue("orders");
  const changes = [];
  const made = client(t, world, { onState: (change) => changes.push(change) });
  await made.opened;
  await own.stop();
  await eventually("the connection is closed", () => made.state !== "connected");
  const draining = changes.find(({ state }) => state === "draining");
  assert.ok(draining.reconnectAfterMs > 0);
  assert.equal(changes.find(({ state }) => state === "disconnected").code, 1001);
});
