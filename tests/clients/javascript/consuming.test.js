// Durable consumers of the socket's client.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connected, taken } from "./fake.js";
import { eventually } from "./hub.js";
import { range } from "./world.js";

/** A consumer that the hub has agreed to. */
async function consuming(t, options) {
  const world = await connected(t);
  const consumer = world.client.consume("orders", options);
  const asked = await world.connection.agreed("consume");
  await consumer.ready;
  const { sub } = asked;
  const push = (...tags) => world.connection.say(...tags.map((tag) => ({ type: "message", sub, tag, body: `${tag}` })));
  const pushFifo = (...tags) =>
    world.connection.say(
      ...tags.map(([tag, group]) => {
        const system = { MessageGroupId: group, SequenceNumber: `${tag}` };
        return { type: "message", sub, tag, body: `${tag}`, system };
      }),
    );
  return { ...world, consumer, asked, sub, push, pushFifo, messages: consumer[Symbol.asyncIterator]() };
}

/** Everything that is acknowledged in so many frames, which the hub answers. */
async function acknowledged(connection, frames) {
  const tags = [];
  for (const _ of range(frames)) {
    tags.push(...(await connection.agreed("ack")).tags);
  }
  return tags;
}

test("a consumer asks for what it was told to", async (t) => {
  const options = { credit: 3, maxBytes: 1000, lease: 20, autoExtend: false, maxLease: 60, stats: 5 };
  const { asked } = await consuming(t, { ...options, onStats: () => {} });
  const { id, sub, ...rest } = asked;
  assert.deepEqual(rest, { type: "consume", queue: "orders", ...options });
});

test("a message says what the queue says of it", async (t) => {
  const { connection, sub, messages } = await consuming(t);
  connection.say({
    type: "message",
    sub,
    tag: 1,
    messageId: "m",
    body: '{"order": 1}',
    attributes: { kind: { DataType: "String", StringValue: "paid" } },
    system: { SentTimestamp: "1000", ApproximateReceiveCount: "2", MessageGroupId: "g", SequenceNumber: "9" },
    queue: "orders.fifo",
    receiptHandle: "handle",
    leaseUntil: 31_000,
    redelivered: true,
  });
  const [message] = await taken(messages, 1);
  assert.deepEqual(message.json(), { order: 1 });
  const { messageId, queue, receiptHandle, redelivered, receiveCount, groupId, sequenceNumber, attributes } = message;
  assert.deepEqual(
    { messageId, queue, receiptHandle, redelivered, receiveCount, groupId, sequenceNumber, attributes },
    {
      messageId: "m",
      queue: "orders.fifo",
      receiptHandle: "handle",
      redelivered: true,
      receiveCount: 2,
      groupId: "g",
      sequenceNumber: "9",
      attributes: { kind: { DataType: "String", StringValue: "paid" } },
    },
  );
  assert.equal(message.sentAt.toISOString(), "1970-01-01T00:00:01.000Z");
});

test("acknowledgements that come while others are on the way share a frame", async (t) => {
  const { connection, push, messages } = await consuming(t);
  push(...range(10).map((number) => number + 1));
  const all = await taken(messages, 10);
  const done = Promise.all(all.map((message) => message.ack()));
  const frames = [];
  for (const _ of range(4)) {
    frames.push(await connection.heard("ack"));
  }
  assert.deepEqual(
    frames.map(({ tags }) => tags),
    [[1], [2], [3], [4]],
  );
  frames.forEach(({ id }) => connection.say({ type: "ok", id }));
  assert.deepEqual((await connection.agreed("ack")).tags, [5, 6, 7, 8, 9, 10]);
  await done;
  assert.ok(all.every(({ isSettled }) => isSettled));
  await assert.rejects(all[0].ack(), { code: "Settled" });
  await assert.rejects(all[0].nack(), { code: "Settled" });
  await assert.rejects(all[0].extend(5), { code: "Settled" });
});

test("acknowledgements that were not answered are repeated, and messages that came are not shown again", async (t) => {
  const { hub, connection, sub, push, messages } = await consuming(t);
  push(1, 2);
  const [first, second] = await taken(messages, 2);
  const done = first.ack();
  await connection.heard("ack");
  connection.break();
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [{ sub, tag: 3, unacked: [2, 3] }] });
  next.say(...[2, 3].map((tag) => ({ type: "message", sub, tag, body: `${tag}` })));
  assert.deepEqual((await next.agreed("ack", { unknown: [1] })).tags, [1]);
  await done;
  const [third] = await taken(messages, 1);
  assert.equal(third.body, "3");
  second.ack();
  third.ack();
  assert.deepEqual(await acknowledged(next, 2), [2, 3]);
  assert.deepEqual(next.unread("consume"), []);
});

test("what the hub does not hold any more after a lost connection is lost", async (t) => {
  const { hub, connection, sub, push, messages } = await consuming(t);
  push(1, 2, 3);
  const [first, second] = await taken(messages, 2);
  connection.break();
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [{ sub, tag: 3, unacked: [2] }] });
  await eventually("the first is lost", () => first.signal.aborted);
  assert.ok(!second.signal.aborted);
  next.say({ type: "message", sub, tag: 4, body: "4" });
  assert.equal((await taken(messages, 1))[0].body, "4");
});

test("a repeated acknowledgement of a message that was lost meanwhile says so", async (t) => {
  const { hub, connection, sub, push, messages } = await consuming(t);
  push(1, 2, 3);
  const [first, second, third] = await taken(messages, 3);
  const [lost, done, alsoLost] = [first.ack(), second.ack(), third.ack()];
  for (const _ of range(3)) {
    await connection.heard("ack");
  }
  connection.say({ type: "lost", sub, tags: [3], why: "purged" });
  await connection.settled();
  connection.break();
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [{ sub, tag: 3, unacked: [] }] });
  next.say({ type: "lost", sub, tags: [1], why: "expired" });
  for (const tag of [1, 2, 3]) {
    assert.deepEqual((await next.agreed("ack", { unknown: [tag] })).tags, [tag]);
  }
  await assert.rejects(lost, { code: "LeaseLost", why: "expired" });
  await done;
  await assert.rejects(alsoLost, { code: "LeaseLost", why: "purged" });
  assert.ok(first.signal.aborted && !second.signal.aborted);
});

test("a session that was not resumed takes the leases with it, and the queue is asked for again", async (t) => {
  const { hub, connection, push, messages } = await consuming(t, { credit: 5 });
  push(1, 2, 3);
  const [first, second] = await taken(messages, 2);
  const done = first.ack();
  await connection.heard("ack");
  connection.break();
  const next = await hub.accepted();
  await next.welcome({ session: "two" });
  await assert.rejects(done, { code: "LeaseLost", why: "session" });
  const { sub, credit } = await next.agreed("consume");
  assert.equal(credit, 5);
  assert.equal(second.signal.reason.why, "session");
  next.say({ type: "message", sub, tag: 1, body: "again" });
  assert.equal((await taken(messages, 1))[0].body, "again");
  await next.settled();
  assert.deepEqual(next.unread("ack"), []);
});

test("work on a lost message is told to stop, and one that nobody has taken is not shown", async (t) => {
  const { connection, sub, push, messages } = await consuming(t);
  push(1, 2, 3);
  const [first] = await taken(messages, 1);
  connection.say({ type: "lost", sub, tags: [1, 2, 99], why: "purged" });
  await connection.settled();
  assert.ok(first.signal.aborted && first.isSettled);
  assert.equal(first.signal.reason.why, "purged");
  await assert.rejects(first.ack(), { code: "LeaseLost", why: "purged" });
  assert.equal((await taken(messages, 1))[0].body, "3");
});

test("of acknowledgements that are refused together, those that are lost say so", async (t) => {
  const { connection, sub, push, messages } = await consuming(t);
  push(1, 2);
  const [first, second] = await taken(messages, 2);
  const done = first.ack();
  await connection.heard("ack");
  connection.say({ type: "lost", sub, tags: [1], why: "expired" });
  connection.say({ type: "error", id: "2", code: "ReceiptHandleIsInvalid", message: "no", retryable: false });
  await assert.rejects(done, { code: "LeaseLost", why: "expired" });
  assert.ok(first.isSettled);

  const again = second.ack();
  await connection.refused("ack", { code: "ServiceUnavailable", retryable: true });
  await assert.rejects(again, { code: "ServiceUnavailable" });
  assert.ok(!second.isSettled, "it is leased as before");
  second.ack();
  await connection.agreed("ack");
});

test("more consumers than the hub takes are refused", async (t) => {
  const { client } = await connected(t);
  range(100).forEach(() => client.consume("orders"));
  await assert.rejects(client.consume("orders").ready, { code: "TooMany" });
});

test("a message is given back, or extended, as it is told to", async (t) => {
  const { connection, sub, push, messages } = await consuming(t);
  push(1, 2, 3);
  const [first, second, third] = await taken(messages, 3);
  const extended = first.extend(60);
  const { id, ...extend } = await connection.agreed("extend");
  assert.deepEqual(extend, { type: "extend", sub, tags: [1], lease: 60 });
  await extended;
  first.nack({ delay: 30, reason: "not now" });
  const { id: _, ...nack } = await connection.agreed("nack");
  assert.deepEqual(nack, { type: "nack", sub, tags: [1], delay: 30, reason: "not now" });

  const dead = second.nack({ deadLetter: true });
  assert.equal((await connection.refused("nack", { code: "InvalidParameterValue" })).deadLetter, true);
  await assert.rejects(dead, { code: "InvalidParameterValue" });
  assert.ok(!second.isSettled, "it is leased as before");
  second.ack();
  await connection.agreed("ack");

  const late = third.extend(60);
  await connection.agreed("extend", { unknown: [3] });
  await assert.rejects(late, { code: "LeaseLost" });
});

test("a message of a FIFO queue is given back with those of its group behind it", async (t) => {
  const { connection, pushFifo, messages } = await consuming(t);
  pushFifo([1, "a"], [2, "b"], [3, "a"], [4, "a"]);
  const [first, other, third] = await taken(messages, 3);
  const done = first.nackGroup({ delay: 2 });
  const asked = await connection.heard("nack");
  assert.deepEqual({ tags: asked.tags, delay: asked.delay }, { tags: [1, 3, 4], delay: 2 });
  assert.equal(third.signal.reason.why, "nacked");
  assert.ok(!other.signal.aborted);

  // One more was on its way; it goes back too, and others do not.
  pushFifo([5, "a"], [6, "b"]);
  assert.deepEqual((await connection.agreed("nack")).tags, [5]);
  connection.say({ type: "ok", id: asked.id });
  await done;
  pushFifo([7, "a"]);
  assert.deepEqual(
    (await taken(messages, 2)).map(({ body }) => body),
    ["6", "7"],
  );
});

test("in a standard queue a group has no order to keep", async (t) => {
  const { connection, sub, messages } = await consuming(t);
  const system = { MessageGroupId: "tenant" };
  connection.say(...[1, 2].map((tag) => ({ type: "message", sub, tag, body: `${tag}`, system })));
  const [first] = await taken(messages, 2);
  first.nackGroup();
  assert.deepEqual((await connection.agreed("nack")).tags, [1]);
});

test("a handler's success is an acknowledgement, its failure is not", async (t) => {
  const { connection, push, consumer } = await consuming(t);
  const failures = [];
  const handler = (message) => {
    if (message.body === "2") {
      throw new Error("broken");
    }
  };
  const over = consumer.each(handler, {
    delay: (message, error) => (error.message === "broken" ? 7 : 0),
    onError: (error, message) => failures.push([error.message, message.body]),
  });
  push(1, 2, 3);
  assert.deepEqual(await acknowledged(connection, 2), [1, 3]);
  const { tags, delay, reason } = await connection.agreed("nack");
  assert.deepEqual({ tags, delay, reason }, { tags: [2], delay: 7, reason: "Error: broken" });
  assert.deepEqual(failures, [["broken", "2"]]);
  const closing = consumer.close();
  await connection.agreed("unsubscribe");
  await Promise.all([closing, over]);
});

const thrown = (what) => {
  throw new Error(what);
};

const rejected = async (what) => thrown(what);

for (const [what, options, delay] of [
  ["onError", { delay: 7, onError: () => thrown("onError") }, 1],
  ["an onError that waits", { delay: 7, onError: () => rejected("an onError that waits") }, 7],
  ["delay", { delay: () => thrown("delay"), onError: () => {} }, 1],
]) {
  test(`a message goes back when ${what} fails, and the loop ends with that`, async (t) => {
    const { connection, pushFifo, consumer } = await consuming(t);
    const over = assert.rejects(consumer.each(() => thrown("broken"), options), { message: what });
    pushFifo([1, "a"], [2, "a"]);
    const nack = await connection.agreed("nack");
    assert.deepEqual({ tags: nack.tags, delay: nack.delay }, { tags: [1, 2], delay });
    assert.equal((await connection.agreed("credit")).credit, 0);
    await connection.agreed("unsubscribe");
    await over;
    assert.ok(consumer.isEnded);
  });
}

test("handlers run side by side, those of a FIFO group one after the other", async (t) => {
  const { connection, pushFifo, consumer } = await consuming(t);
  const begun = [];
  const release = new Map();
  consumer.each(
    ({ body }) => {
      begun.push(body);
      return new Promise((resolve, reject) => release.set(body, { resolve, reject }));
    },
    { onError: () => {} },
  );
  pushFifo([1, "a"], [2, "a"], [3, "a"], [4, "b"]);
  await connection.settled();
  await eventually("one of each group has begun", () => begun.length === 2);
  assert.deepEqual(begun, ["1", "4"]);
  release.get("1").resolve();
  assert.deepEqual((await connection.agreed("ack")).tags, [1]);
  await eventually("the next has begun", () => begun.length === 3);
  release.get("2").reject(new Error("broken"));
  assert.deepEqual((await connection.agreed("nack")).tags, [2, 3]);
  release.get("4").resolve();
  await connection.agreed("ack");
  assert.deepEqual(begun, ["1", "4", "2"]);
});

test("a consumer that is closed lets its handlers finish, for as long as it is told", async (t) => {
  const { connection, pushFifo, consumer } = await consuming(t);
  const begun = [];
  let release;
  const over = consumer.each(({ body }) => {
    begun.push(body);
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  pushFifo([1, "a"], [2, "a"]);
  await eventually("the first has begun", () => begun.length === 1);
  const closing = consumer.close({ drain: 60 });
  assert.equal((await connection.agreed("credit")).credit, 0);
  pushFifo([3, "b"]);
  assert.deepEqual((await connection.agreed("nack")).tags, [3]);
  release();
  assert.deepEqual((await connection.agreed("ack")).tags, [1]);
  assert.deepEqual((await connection.agreed("nack")).tags, [2]);
  await connection.agreed("unsubscribe");
  await Promise.all([closing, over]);
  assert.deepEqual(begun, ["1"]);
});

test("leaving the loop closes the consumer, and the acknowledgement before it counts", async (t) => {
  const { connection, push, consumer } = await consuming(t);
  push(1, 2);
  const looping = (async () => {
    for await (const message of consumer) {
      message.ack();
      break;
    }
  })();
  assert.deepEqual((await connection.agreed("ack")).tags, [1]);
  assert.deepEqual((await connection.agreed("nack")).tags, [2]);
  await connection.agreed("unsubscribe");
  await looping;
});

test("a consumer that was closed without a connection is not asked for, and closed when there is one", async (t) => {
  const { hub, client, connection, sub, consumer } = await consuming(t);
  connection.break();
  await eventually("the client notices", () => client.state !== "connected");
  await consumer.close();
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [{ sub, tag: 0, unacked: [] }] });
  assert.equal((await next.agreed("unsubscribe")).sub, sub);
  await next.settled();
  assert.deepEqual(next.unread("consume"), []);
});

test("credit is changed, also while there is no connection", async (t) => {
  const { hub, client, connection, sub, consumer } = await consuming(t);
  consumer.setCredit(0);
  assert.equal((await connection.agreed("credit")).credit, 0);
  connection.break();
  await eventually("the client notices", () => client.state !== "connected");
  await consumer.setCredit(9);
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [{ sub, tag: 0, unacked: [] }] });
  assert.equal((await next.agreed("credit")).credit, 9);
});

test("a credit that was lost with its connection is said with the next", async (t) => {
  const { hub, connection, sub, consumer } = await consuming(t);
  const told = consumer.setCredit(5);
  assert.equal((await connection.heard("credit")).credit, 5);
  connection.break();
  await told;
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [{ sub, tag: 0, unacked: [] }] });
  assert.equal((await next.agreed("credit")).credit, 5);
  await next.settled();
  next.break();
  const last = await hub.accepted();
  await last.welcome({ resumed: true, subs: [{ sub, tag: 0, unacked: [] }] });
  await last.settled();
  assert.deepEqual(last.unread("credit"), []);
});

test("a credit that the hub refuses is refused, and can be said again", async (t) => {
  const { connection, consumer } = await consuming(t);
  for (const _ of range(2)) {
    const told = consumer.setCredit(5000);
    await connection.refused("credit", { code: "InvalidParameterValue" });
    await assert.rejects(told, { code: "InvalidParameterValue" });
  }
});

test("messages that are deleted when they are sent need no acknowledgement", async (t) => {
  const { connection, push, consumer } = await consuming(t, { ackMode: "auto" });
  const handled = [];
  consumer.each(({ body }) => handled.push(body));
  push(1, 2);
  await eventually("both are handled", () => handled.length === 2);
  await connection.settled();
  assert.deepEqual([...connection.unread("ack"), ...connection.unread("nack")], []);
});

test("a queue that is not there ends the loop; one that may come is asked for again", async (t) => {
  const { client, connection } = await connected(t);
  const consumer = client.consume("nothing");
  const waiting = consumer[Symbol.asyncIterator]().next();
  await connection.refused("consume", { code: "InternalError", retryable: true });
  await connection.refused("consume", { code: "QueueDoesNotExist" });
  await assert.rejects(waiting, { code: "QueueDoesNotExist" });
  await assert.rejects(consumer.ready, { code: "QueueDoesNotExist" });
});

test("a queue that is deleted ends the loop", async (t) => {
  const { connection, sub, messages } = await consuming(t);
  const waiting = messages.next();
  connection.say({ type: "error", sub, code: "QueueDoesNotExist", message: "It is gone.", retryable: false });
  await assert.rejects(waiting, { code: "QueueDoesNotExist", message: "It is gone." });
});

test("how the queue stands is reported", async (t) => {
  const reports = [];
  const { connection, sub } = await consuming(t, { stats: 1, onStats: (stats) => reports.push(stats) });
  connection.say({ type: "stats", sub, ready: 3, inflight: 2, oldestAge: 9 });
  await connection.settled();
  assert.deepEqual(reports, [{ ready: 3, inflight: 2, oldestAge: 9 }]);
});

test("a consumer is closed by a signal", async (t) => {
  const leaving = new AbortController();
  const { client, connection, messages } = await consuming(t, { signal: leaving.signal });
  const waiting = messages.next();
  leaving.abort();
  await connection.agreed("unsubscribe");
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.throws(() => client.consume("orders", { signal: leaving.signal }), { name: "AbortError" });
});
