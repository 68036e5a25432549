// Live subscriptions of the socket's client.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connected, taken } from "./fake.js";
import { eventually } from "./hub.js";
import { range } from "./world.js";

/** A live subscription that the hub has agreed to. */
async function watching(t, topics, options) {
  const world = await connected(t);
  const subscription = world.client.subscribe(topics, options);
  const asked = await world.connection.agreed("subscribe");
  await subscription.ready;
  return { ...world, subscription, asked, sub: asked.sub, items: subscription[Symbol.asyncIterator]() };
}

const event = (sub, offset, more) => ({
  type: "event",
  sub,
  offset,
  epoch: "e",
  topic: "orders",
  messageId: `m${offset}`,
  message: `{"order": ${offset}}`,
  time: "2026-01-02T03:04:05.000Z",
  ...more,
});

/** Events by their offsets, gaps by what was lost. */
const short = (items) =>
  items.map((item) => {
    const { type, offset, dropped, from, to } = item;
    return type === "gap" ? { dropped, from, to } : offset;
  });

test("a subscription asks for what it was told to", async (t) => {
  const options = { filter: { kind: ["paid"] }, since: { last: 5 }, buffer: 10, maxRate: 2, conflateBy: "/order" };
  const { asked } = await watching(t, ["orders", "returns-*"], options);
  const { id, sub, ...rest } = asked;
  assert.deepEqual(rest, { type: "subscribe", topics: ["orders", "returns-*"], ...options });
});

test("events, gaps and where live begins come in their order", async (t) => {
  const { connection, sub, items } = await watching(t, "orders");
  connection.say(
    event(sub, 1, { replay: true, attributes: { kind: { DataType: "String", StringValue: "paid" } } }),
    { type: "live", sub, recovered: true, offset: 1, epoch: "e" },
    event(sub, 2),
    { type: "gap", sub, dropped: 3, from: 3, to: 5, why: "overflow", topic: "orders", epoch: "e" },
  );
  const [first, live, second, gap] = await taken(items, 4);
  assert.deepEqual(live, { type: "live", recovered: true, offset: 1, epoch: "e" });
  assert.deepEqual(gap, { type: "gap", dropped: 3, from: 3, to: 5, why: "overflow", topic: "orders", epoch: "e" });
  assert.deepEqual([first.replay, second.replay], [true, false]);
  assert.deepEqual(first.json(), { order: 1 });
  assert.equal(first.attributes.kind.StringValue, "paid");
  assert.deepEqual(second.attributes, {});
});

for (const [name, seen, since] of [
  ["the last event", [event("", 6), event("", 7)], { offset: 7, epoch: "e" }],
  ["where it was live", [{ type: "live", recovered: true, offset: 4, epoch: "f" }], { offset: 4, epoch: "f" }],
  ["its beginning", [], { last: 2 }],
]) {
  test(`after a lost connection a subscription goes on behind ${name}`, async (t) => {
    const { hub, connection, sub, items } = await watching(t, "orders", { since: { last: 2 } });
    connection.say(...seen.map((item) => ({ ...item, sub })));
    await taken(items, seen.length);
    connection.break();
    const next = await hub.accepted();
    await next.welcome({ resumed: true, subs: [] });
    const asked = await next.agreed("subscribe");
    assert.deepEqual(asked.since, since);
    // What was meant for the old connection is told again on the new one.
    next.say(event(sub, 8), event(asked.sub, 9));
    assert.deepEqual(short(await taken(items, 1)), [9]);
  });
}

for (const [overflow, expected] of [
  ["dropOldest", [{ dropped: 3, from: 2, to: 4 }, 5, 6, 7]],
  ["dropNewest", [2, 3, 4, { dropped: 3, from: 5, to: 7 }]],
]) {
  test(`with ${overflow} a slow reader is told what it has missed`, async (t) => {
    const { connection, sub, items } = await watching(t, "orders", { buffer: 3, overflow });
    connection.say(event(sub, 1));
    const first = await taken(items, 1);
    connection.say(...range(6).map((number) => event(sub, number + 2)));
    await connection.settled();
    assert.deepEqual(short([...first, ...(await taken(items, 4))]), [1, ...expected]);
    connection.say(event(sub, 8));
    assert.deepEqual(short(await taken(items, 1)), [8]);
  });
}

test("with close a slow reader reads what there is, and then an error", async (t) => {
  const { connection, sub, items } = await watching(t, "orders", { buffer: 2, overflow: "close" });
  connection.say(...range(3).map((number) => event(sub, number + 1)));
  assert.equal((await connection.agreed("unsubscribe")).sub, sub);
  assert.deepEqual(short(await taken(items, 2)), [1, 2]);
  await assert.rejects(items.next(), { code: "Overflow" });
  assert.deepEqual(await items.next(), { done: true, value: undefined });
});

test("with close one that is too slow for the hub reads what there is, and others go on", async (t) => {
  const { hub, client, connection, sub, items } = await watching(t, "orders", { overflow: "close" });
  client.subscribe("returns");
  await connection.agreed("subscribe");
  connection.say(event(sub, 1));
  await connection.settled();
  connection.socket.close(4429, "slow");
  const next = await hub.accepted();
  await next.welcome();
  assert.equal((await next.agreed("subscribe")).topic, "returns");
  assert.deepEqual(short(await taken(items, 1)), [1]);
  await assert.rejects(items.next(), { code: "Overflow" });
  await next.settled();
  assert.deepEqual(next.unread("subscribe"), []);
});

test("leaving the loop ends the subscription", async (t) => {
  const { connection, sub, subscription } = await watching(t, "orders");
  connection.say(event(sub, 1), event(sub, 2));
  const looping = (async () => {
    for await (const item of subscription) {
      assert.equal(item.offset, 1);
      break;
    }
  })();
  assert.equal((await connection.agreed("unsubscribe")).sub, sub);
  await looping;
});

test("a function is handed one item after the other", async (t) => {
  const { connection, sub, subscription } = await watching(t, "orders");
  const begun = [];
  let release;
  const over = subscription.each((item) => {
    begun.push(item.offset);
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  connection.say(event(sub, 1), event(sub, 2));
  await connection.settled();
  assert.deepEqual(begun, [1]);
  release();
  await eventually("the second is handed over", () => begun.length === 2);
  release();
  const closing = subscription.close();
  await connection.agreed("unsubscribe");
  await Promise.all([closing, over]);
});
