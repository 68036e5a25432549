// How the client of the socket keeps a connection, and what it does when that breaks.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "fanq";
import { WebSocket } from "ws";

import { delayMs } from "../../../clients/javascript/src/backoff.js";
import { socketUrl } from "../../../clients/javascript/src/hub.js";
import { FakeHub, connected, taken } from "./fake.js";
import { eventually } from "./hub.js";
import { range } from "./world.js";

test("the address of the socket follows from that of the hub", () => {
  const addresses = {
    "http://127.0.0.1:4566": "ws://127.0.0.1:4566/ws",
    "https://hub.test/": "wss://hub.test/ws",
    "ws://hub.test/behind/a/proxy": "ws://hub.test/behind/a/proxy",
    "wss://hub.test/ws?a=1#b": "wss://hub.test/ws?a=1",
  };
  for (const [address, expected] of Object.entries(addresses)) {
    assert.equal(socketUrl(address), expected);
  }
  assert.throws(() => connect("nowhere", { WebSocket }), TypeError);
});

test("attempts are 0.1 s to 10 s apart, and no two clients make them together", () => {
  const bounds = range(30).map((attempt) => range(200).map(() => delayMs(attempt)));
  for (const [attempt, delays] of bounds.entries()) {
    const most = Math.min(10_000, 200 * 2 ** attempt);
    assert.ok(
      delays.every((delay) => delay >= 100 && delay <= most),
      `attempt ${attempt}`,
    );
    assert.ok(new Set(delays).size > 30, `attempt ${attempt}`);
  }
  assert.ok(Math.max(...bounds[29]) > 5000);
});

test("a client says who it is, and answers pings", async (t) => {
  const options = { token: "secret", account: "111122223333", region: "eu-west-1", resumeWindow: 60 };
  const { client, states, connection, hello } = await connected(t, options);
  const { client: program, ...said } = hello;
  assert.equal(program.name, "fanq-javascript");
  assert.deepEqual(said, {
    type: "connect",
    id: "0",
    auth: "secret",
    account: "111122223333",
    region: "eu-west-1",
    resumeWindow: 60,
  });
  await connection.settled();
  assert.equal(client.state, "connected");
  assert.deepEqual(states, [
    { state: "connecting", attempt: 0 },
    { state: "connected", resumed: false, server: { name: "fanq", version: "0" } },
  ]);
});

test("a session is resumed with the last of its tokens", async (t) => {
  const { hub, connection, states } = await connected(t);
  connection.break();
  const second = await hub.accepted();
  const { session, resume, resendUnacked } = await second.welcome({ resumed: true, resume: "token 2", subs: [] });
  assert.deepEqual({ session, resume, resendUnacked }, { session: "one", resume: "token 1", resendUnacked: true });
  await second.settled();
  second.break();
  const third = await hub.accepted();
  assert.equal((await third.welcome({ session: "two" })).resume, "token 2");
  await third.settled();
  const resumed = states.filter(({ state }) => state === "connected").map((change) => change.resumed);
  assert.deepEqual(resumed, [false, true, false]);
});

test("what is published while there is no connection, or not answered, is published with the next", async (t) => {
  const { hub, client, connection } = await connected(t);
  const first = client.publish("orders", { order: 1 }, { attributes: { kind: "paid", amount: 5, tags: ["a"] } });
  const asked = await connection.heard("publish");
  assert.equal(asked.message, '{"order":1}');
  assert.deepEqual(asked.attributes, {
    kind: { DataType: "String", StringValue: "paid" },
    amount: { DataType: "Number", StringValue: "5" },
    tags: { DataType: "String.Array", StringValue: '["a"]' },
  });
  connection.break();
  await eventually("the client notices", () => client.state !== "connected");
  const second = client.send("invoices", "two", { delay: 5 });

  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [] });
  assert.deepEqual(await next.agreed("publish", { messageId: "m1" }), asked);
  const { id, ...sent } = await next.agreed("send", { messageId: "m2", sequenceNumber: "7" });
  assert.deepEqual(sent, { type: "send", queue: "invoices", body: "two", delay: 5 });
  assert.notEqual(id, asked.id);
  assert.deepEqual(await first, { messageId: "m1" });
  assert.deepEqual(await second, { messageId: "m2", sequenceNumber: "7" });
});

test("what the hub refuses, or would, is refused and not repeated", async (t) => {
  const { hub, client, connection } = await connected(t);
  const unknown = client.publish("nothing", "x");
  await connection.refused("publish", { code: "NotFound", message: "There is no such topic.", retryable: true });
  await assert.rejects(unknown, {
    name: "HubError",
    code: "NotFound",
    message: "There is no such topic.",
    retryable: true,
  });

  await assert.rejects(client.publish("orders", "ü".repeat(2 ** 20)), { code: "TooLarge" });
  const large = client.publish("orders", "ü".repeat(2 ** 19));
  await connection.heard("publish");
  connection.socket.close(4413, "too large");
  await assert.rejects(large, { code: "Refused" });
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [] });
  await next.settled();
  assert.deepEqual(next.unread("publish"), []);
});

test("attempts begin anew after a connection, unless the hub has ended it for a reason", async (t) => {
  const { hub, connection, states } = await connected(t);
  const attempts = () => states.filter(({ state }) => state === "connecting").map(({ attempt }) => attempt);
  connection.break();
  const second = await hub.accepted();
  await second.welcome();
  second.break();
  const third = await hub.accepted();
  await third.welcome();
  third.socket.close(4429, "too fast");
  const fourth = await hub.accepted();
  await fourth.welcome();
  fourth.socket.close(4429, "too fast");
  await hub.accepted();
  assert.deepEqual(attempts(), [0, 1, 1, 2, 3]);
});

test("a hub that drains is left alone for as long as it asks", async (t) => {
  const { hub, states, connection } = await connected(t);
  connection.say({ type: "draining", reason: "shutdown", reconnectAfter: 300 });
  await connection.settled();
  connection.socket.close(1001);
  await hub.accepted();
  assert.deepEqual(states[2], { state: "draining", reason: "shutdown", reconnectAfterMs: 300 });
  const { state, code, retryInMs } = states[3];
  assert.deepEqual({ state, code }, { state: "disconnected", code: 1001 });
  assert.ok(retryInMs >= 400 && retryInMs <= 300 * 1.5 + 200, String(retryInMs));
});

for (const [code, name] of [
  [4401, "NotAuthenticated"],
  [4403, "Forbidden"],
]) {
  test(`a close with ${code} is for good`, async (t) => {
    const { client, connection } = await connected(t);
    const events = client.subscribe("orders")[Symbol.asyncIterator]();
    const waiting = events.next();
    const answer = client.publish("orders", "x");
    connection.socket.close(code, "not you");
    for (const promise of [waiting, answer]) {
      await assert.rejects(promise, { code: name, message: "not you" });
    }
    assert.equal((await client.closed).code, name);
    assert.equal(client.state, "closed");
    await assert.rejects(client.publish("orders", "x"), { code: "Closed" });
    await assert.rejects(client.subscribe("orders").ready, { code: "Closed" });
  });
}

test("a refusal of the connection is for good, unless it may go better", async (t) => {
  const hub = await FakeHub.start(t);
  const { client } = hub.client();
  const full = await hub.accepted();
  await full.refused("connect", { code: "ServiceUnavailable", retryable: true });
  const next = await hub.accepted();
  await next.refused("connect", { code: "InvalidClientTokenId" });
  await assert.rejects(client.opened, { code: "InvalidClientTokenId" });
  assert.equal((await client.closed).code, "InvalidClientTokenId");
});

test("a hub that has gone silent is asked, and then given up", async (t) => {
  const hub = await FakeHub.start(t);
  const { client, states } = hub.client();
  const silent = await hub.accepted();
  await silent.welcome({ heartbeat: 0.05 });
  await client.opened;
  await silent.heard("ping");
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [] });
  await next.settled();
  assert.equal(states.find(({ state }) => state === "disconnected").code, 4408);
});

test("garbage ends a connection, and what is new is passed over", async (t) => {
  const { hub, connection } = await connected(t);
  connection.say({ type: "weather", sub: "s1" }, { type: "ok", id: "nobody" });
  await connection.settled();
  connection.socket.send("{");
  const next = await hub.accepted();
  await next.welcome({ resumed: true, subs: [] });
  await next.settled();
});

test("when the window to resume is over, leases are lost and the session is not asked for", async (t) => {
  const { hub, client, connection } = await connected(t, { resumeWindow: 0.05 });
  const consumer = client.consume("orders");
  const { sub } = await connection.agreed("consume");
  connection.say({ type: "message", sub, tag: 1, body: "a" });
  const [message] = await taken(consumer[Symbol.asyncIterator](), 1);
  connection.socket.close(1001);
  await eventually("the lease is lost", () => message.signal.aborted);
  assert.equal(message.signal.reason.why, "session");
  await assert.rejects(message.ack(), { code: "LeaseLost", why: "session" });
  const next = await hub.accepted();
  assert.equal((await next.welcome({ session: "two" })).session, undefined);
  await next.agreed("consume");
  await next.settled();
  assert.deepEqual(next.unread("ack"), []);
});

test("a client that is closed ends in order", async (t) => {
  const { client, connection, states } = await connected(t);
  const consumer = client.consume("orders");
  const { sub } = await connection.agreed("consume");
  connection.say({ type: "message", sub, tag: 1, body: "a" }, { type: "message", sub, tag: 2, body: "b" });
  const [message] = await taken(consumer[Symbol.asyncIterator](), 1);
  await connection.settled();
  const closing = client.close();
  await connection.agreed("credit");
  const { tags, delay } = await connection.agreed("nack");
  assert.deepEqual({ tags, delay }, { tags: [2], delay: 0 });
  await connection.agreed("unsubscribe");
  await closing;
  await eventually("the hub hears of it", () => connection.isClosed);
  assert.equal(connection.closeCode, 1000);
  assert.equal(message.signal.reason.why, "closed");
  assert.equal(await client.closed, undefined);
  assert.deepEqual(states.at(-1), { state: "closed", error: undefined });
});

test("a client is closed before it was ever connected", async () => {
  const client = connect("http://127.0.0.1:1", { WebSocket });
  const answer = client.publish("orders", "x");
  await client.close();
  await assert.rejects(answer, { code: "Closed" });
  await assert.rejects(client.opened, { code: "Closed" });
});
