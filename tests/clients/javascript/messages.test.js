// Messages on standard queues, with the AWS SDK; it compares the MD5 of each body itself.

import assert from "node:assert/strict";
import { test } from "node:test";

import { World, bodies, ownHub, range, sharedHub } from "./world.js";

const hub = await sharedHub();

test("a message is sent, received and deleted", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const sent = await world.send(url, "grüße & <tags>");
  const got = await world.receiveOne(url);
  assert.equal(got.MessageId, sent.MessageId);
  assert.equal(got.Body, "grüße & <tags>");
  assert.equal(got.MD5OfBody, sent.MD5OfMessageBody);
  assert.equal(got.Attributes.ApproximateReceiveCount, "1");
  await world.delete(url, got);
  assert.deepEqual(await world.counts(url), { visible: 0, inFlight: 0 });
});

test("attributes of each type arrive as they were sent", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const sent = {
    kind: { DataType: "String", StringValue: "physical" },
    total: { DataType: "Number", StringValue: "12345678901234567890.50" },
    weight: { DataType: "Number.kg", StringValue: "2" },
    label: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255, 128, 10]) },
  };
  const answer = await world.send(url, "order", { MessageAttributes: sent });
  const got = await world.receiveOne(url);
  assert.deepEqual(Object.keys(got.MessageAttributes).toSorted(), Object.keys(sent).toSorted());
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(sent)) {
    const arrived = got.MessageAttributes[name];
    assert.equal(arrived.DataType, DataType);
    assert.equal(arrived.StringValue, StringValue);
    assert.deepEqual(arrived.BinaryValue && [...arrived.BinaryValue], BinaryValue && [...BinaryValue]);
  }
  assert.equal(got.MD5OfMessageAttributes, answer.MD5OfMessageAttributes);
});

test("the digest of attributes is the one that AWS computes", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const sent = await world.send(url, "order", {
    MessageAttributes: { Hello: { DataType: "String", StringValue: "World" } },
    MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "some-trace-id" } },
  });
  assert.equal(sent.MD5OfMessageAttributes, "7db7fb1ba7f41366a8ea5eb18220b26d");
  assert.equal(sent.MD5OfMessageSystemAttributes, "fdce4f2818803f2f73becc09a54792c0");
  assert.equal((await world.receiveOne(url)).Attributes.AWSTraceHeader, "some-trace-id");
});

test("a batch says for each entry how it went", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const sent = await world.sqs.sendMessageBatch({
    QueueUrl: url,
    Entries: [
      { Id: "good", MessageBody: "good" },
      { Id: "late", MessageBody: "late", DelaySeconds: 901 },
      { Id: "fine", MessageBody: "fine" },
    ],
  });
  assert.deepEqual(sent.Successful.map(({ Id }) => Id), ["good", "fine"]);
  assert.deepEqual(sent.Failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]), [
    ["late", "InvalidParameterValue", true],
  ]);
  const got = await world.receive(url);
  assert.deepEqual(bodies(got), ["good", "fine"]);

  const handle = (message) => ({ Id: message.Body, ReceiptHandle: message.ReceiptHandle });
  const changed = await world.sqs.changeMessageVisibilityBatch({
    QueueUrl: url,
    Entries: got.map((message) => ({ ...handle(message), VisibilityTimeout: 60 })),
  });
  assert.deepEqual(changed.Successful.map(({ Id }) => Id), ["good", "fine"]);
  const deleted = await world.sqs.deleteMessageBatch({
    QueueUrl: url,
    Entries: [...got.map(handle), { Id: "none", ReceiptHandle: "nonsense" }],
  });
  assert.deepEqual(deleted.Successful.map(({ Id }) => Id), ["good", "fine"]);
  assert.deepEqual(deleted.Failed.map(({ Id, Code }) => [Id, Code]), [["none", "ReceiptHandleIsInvalid"]]);
});

test("a long poll ends with the message that arrives", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const [got] = await Promise.all([world.receive(url, { WaitTimeSeconds: 20 }), world.send(url, "order")]);
  assert.deepEqual(bodies(got), ["order"]);
});

test("a long poll that is given up takes no message with it", async (t) => {
  const own = await ownHub(t);
  const world = new World(t, own);
  const url = await world.queue("orders", { VisibilityTimeout: "43200" });
  for (const round of range(20)) {
    const giveUp = new AbortController();
    const asked = { QueueUrl: url, WaitTimeSeconds: 20 };
    const poll = world.sqs.receiveMessage(asked, { abortSignal: giveUp.signal });
    const refused = assert.rejects(poll, { name: "AbortError" });
    await own.waitsFor(1);
    giveUp.abort();
    await refused;
    await world.send(url, `${round}`);
    const got = await world.receiveOne(url, { WaitTimeSeconds: 20 });
    assert.deepEqual([got.Body, got.Attributes.ApproximateReceiveCount], [`${round}`, "1"]);
    await world.delete(url, got);
  }
});

test("a changed visibility timeout counts from the change", async (t) => {
  const own = await ownHub(t);
  await own.freeze();
  const world = new World(t, own);
  const url = await world.queue("orders");
  await world.send(url, "order");
  const change = ({ ReceiptHandle }, VisibilityTimeout) =>
    world.sqs.changeMessageVisibility({ QueueUrl: url, ReceiptHandle, VisibilityTimeout });
  const first = await world.receiveOne(url);
  await change(first, 100);
  await own.advance(99);
  assert.deepEqual(await world.receive(url), []);
  await own.advance(1);
  const second = await world.receiveOne(url);
  assert.equal(second.Attributes.ApproximateReceiveCount, "2");
  await change(second, 0);
  assert.equal((await world.receiveOne(url)).Attributes.ApproximateReceiveCount, "3");
});

test("a message that nobody finishes goes to the dead-letter queue", async (t) => {
  const own = await ownHub(t);
  await own.freeze();
  const world = new World(t, own);
  const failed = await world.queue("failed");
  const redrive = { deadLetterTargetArn: await world.arn(failed), maxReceiveCount: 2 };
  const url = await world.queue("orders", { RedrivePolicy: JSON.stringify(redrive), VisibilityTimeout: "30" });
  const { MessageId } = await world.send(url, "order");
  for (const _ of range(2)) {
    assert.deepEqual(bodies(await world.receive(url)), ["order"]);
    await own.advance(30);
  }
  assert.deepEqual(await world.receive(url), []);
  const dead = await world.receiveOne(failed);
  assert.equal(dead.MessageId, MessageId);
  assert.equal(dead.Attributes.DeadLetterQueueSourceArn, await world.arn(url));
  assert.equal(dead.Attributes.ApproximateReceiveCount, "3");
});
