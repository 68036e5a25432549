// Topics that fan out to queues, with the AWS SDK.

import assert from "node:assert/strict";
import { test } from "node:test";

import { paginateListSubscriptionsByTopic, paginateListTopics } from "@aws-sdk/client-sns";

import { World, bodies, range, sharedHub } from "./world.js";

const hub = await sharedHub();

async function subscribe({ sns }, topic, queueArn, attributes) {
  const asked = { TopicArn: topic, Protocol: "sqs", Endpoint: queueArn, Attributes: attributes };
  return (await sns.subscribe({ ...asked, ReturnSubscriptionArn: true })).SubscriptionArn;
}

test("an event reaches the queues whose filters it passes, raw or in its envelope", async (t) => {
  const world = new World(t, hub);
  const { TopicArn: topic } = await world.sns.createTopic({ Name: "orders" });
  const [parcels, audit, downloads] = await Promise.all(["parcels", "audit", "downloads"].map((n) => world.queue(n)));
  const policy = (kind) => ({ FilterPolicy: JSON.stringify({ kind: [kind] }) });
  await subscribe(world, topic, await world.arn(parcels), { ...policy("physical"), RawMessageDelivery: "true" });
  await subscribe(world, topic, await world.arn(audit), {});
  await subscribe(world, topic, await world.arn(downloads), policy("digital"));

  const { MessageId } = await world.sns.publish({
    TopicArn: topic,
    Message: '{"order": 1}',
    Subject: "an order",
    MessageAttributes: {
      kind: { DataType: "String", StringValue: "physical" },
      label: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) },
    },
  });

  const raw = await world.receiveOne(parcels);
  assert.equal(raw.Body, '{"order": 1}');
  assert.equal(raw.MessageAttributes.kind.StringValue, "physical");
  assert.deepEqual([...raw.MessageAttributes.label.BinaryValue], [0, 255]);

  const envelope = JSON.parse((await world.receiveOne(audit)).Body);
  assert.equal(envelope.Type, "Notification");
  assert.equal(envelope.MessageId, MessageId);
  assert.equal(envelope.TopicArn, topic);
  assert.equal(envelope.Subject, "an order");
  assert.equal(envelope.Message, '{"order": 1}');
  assert.deepEqual(envelope.MessageAttributes.kind, { Type: "String", Value: "physical" });

  assert.deepEqual(await world.receive(downloads), []);
});

test("a batch is published to a FIFO topic and keeps its order", async (t) => {
  const world = new World(t, hub);
  const made = await world.sns.createTopic({ Name: "orders.fifo", Attributes: { FifoTopic: "true" } });
  const url = await world.fifoQueue("inbox.fifo");
  await subscribe(world, made.TopicArn, await world.arn(url), { RawMessageDelivery: "true" });
  const entry = (n) => ({ Id: `${n}`, Message: `${n}`, MessageGroupId: "g", MessageDeduplicationId: `${n}` });
  const published = await world.sns.publishBatch({
    TopicArn: made.TopicArn,
    PublishBatchRequestEntries: range(5).map(entry),
  });
  assert.equal(published.Successful.length, 5);
  assert.deepEqual(bodies(await world.receive(url)), range(5).map(String));
});

test("pages of topics and subscriptions are complete", async (t) => {
  const world = new World(t, hub);
  const make = async (n) => (await world.sns.createTopic({ Name: `topic-${n}` })).TopicArn;
  const made = await Promise.all(range(105).map(make));
  const topics = [];
  for await (const page of paginateListTopics({ client: world.sns }, {})) {
    topics.push(...page.Topics.map(({ TopicArn }) => TopicArn));
  }
  assert.deepEqual(topics.toSorted(), made.toSorted());

  const add = (n) =>
    subscribe(world, made[0], `arn:aws:sqs:us-east-1:${world.account}:queue-${n}`, {});
  await Promise.all(range(105).map((n) => world.queue(`queue-${n}`)));
  const subscribed = await Promise.all(range(105).map(add));
  const found = [];
  for await (const page of paginateListSubscriptionsByTopic({ client: world.sns }, { TopicArn: made[0] })) {
    found.push(...page.Subscriptions.map(({ SubscriptionArn }) => SubscriptionArn));
  }
  assert.deepEqual(found.toSorted(), subscribed.toSorted());
});
