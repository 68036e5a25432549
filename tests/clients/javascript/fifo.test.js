// FIFO queues, with the AWS SDK.

import assert from "node:assert/strict";
import { test } from "node:test";

import { World, bodies, ownHub, range, sharedHub } from "./world.js";

const hub = await sharedHub();

test("groups keep their order, and a group waits for its first message", async (t) => {
  const world = new World(t, hub);
  const url = await world.fifoQueue("orders.fifo", { ContentBasedDeduplication: "true" });
  const numbers = [];
  for (const step of range(3)) {
    for (const group of ["a", "b"]) {
      const sent = await world.send(url, `${group}${step}`, { MessageGroupId: group });
      numbers.push(sent.SequenceNumber);
    }
  }
  assert.ok(numbers.every((number) => /^\d{20}$/.test(number)), numbers);
  assert.deepEqual(numbers, numbers.toSorted());

  const first = await world.receiveOne(url, { MaxNumberOfMessages: 1 });
  assert.equal(first.Attributes.SequenceNumber, numbers[0]);
  assert.equal(first.Attributes.MessageGroupId, "a");
  assert.deepEqual(bodies(await world.receive(url)), ["b0", "b1", "b2"]);
  assert.deepEqual(await world.receive(url), []);
  await world.delete(url, first);
  assert.deepEqual(bodies(await world.receive(url)), ["a1", "a2"]);
});

test("a duplicate within five minutes is the original", async (t) => {
  const own = await ownHub(t);
  await own.freeze();
  const world = new World(t, own);
  const url = await world.fifoQueue("orders.fifo");
  const send = () => world.send(url, "order", { MessageGroupId: "g", MessageDeduplicationId: "1" });
  const first = await send();
  const second = await send();
  assert.equal(second.MessageId, first.MessageId);
  assert.equal(second.SequenceNumber, first.SequenceNumber);
  await world.delete(url, await world.receiveOne(url));
  assert.equal((await send()).MessageId, first.MessageId);
  assert.deepEqual(await world.receive(url), []);
  await own.advance(300);
  assert.notEqual((await send()).MessageId, first.MessageId);
  assert.deepEqual(bodies(await world.receive(url)), ["order"]);
});

test("the same attempt at receiving is answered with the same messages", async (t) => {
  const world = new World(t, hub);
  const url = await world.fifoQueue("orders.fifo", { ContentBasedDeduplication: "true" });
  await world.send(url, "order", { MessageGroupId: "g" });
  const attempt = { ReceiveRequestAttemptId: "attempt-1" };
  const first = await world.receiveOne(url, attempt);
  const again = await world.receiveOne(url, attempt);
  assert.equal(again.MessageId, first.MessageId);
  assert.deepEqual(await world.receive(url), []);
});

test("a batch goes to several groups with one answer each", async (t) => {
  const world = new World(t, hub);
  const url = await world.fifoQueue("orders.fifo");
  const entry = (n) => ({
    Id: `${n}`,
    MessageBody: `${n}`,
    MessageGroupId: `${n % 2}`,
    MessageDeduplicationId: `${n}`,
  });
  const sent = await world.sqs.sendMessageBatch({ QueueUrl: url, Entries: range(6).map(entry) });
  assert.equal(sent.Successful.length, 6);
  const got = await world.receive(url);
  for (const group of ["0", "1"]) {
    const ofGroup = got.filter(({ Attributes }) => Attributes.MessageGroupId === group);
    assert.deepEqual(bodies(ofGroup), bodies(ofGroup).toSorted());
    assert.equal(ofGroup.length, 3);
  }
});
