// Errors that a program tells apart arrive as the classes of the AWS SDK.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as errors from "@aws-sdk/client-sqs";
import { NotFoundException } from "@aws-sdk/client-sns";

import { World, ownHub, range, sharedHub } from "./world.js";

const hub = await sharedHub();

/** A call is refused with this class, and this code of old where it has another. */
async function refused(call, kind, code = kind.name, status = 400) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, `${error.name} is a ${kind.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.equal(error.Code ?? error.name, code);
    assert.ok(error.$metadata.requestId, "an id that can be looked for");
    return true;
  });
}

test("a queue that is not there is that class in every operation", async (t) => {
  const { sqs, account } = new World(t, hub);
  const url = { QueueUrl: `${hub.endpoint}/${account}/nothing` };
  const calls = [
    sqs.getQueueUrl({ QueueName: "nothing" }),
    sqs.getQueueAttributes({ ...url, AttributeNames: ["All"] }),
    sqs.setQueueAttributes({ ...url, Attributes: { DelaySeconds: "1" } }),
    sqs.sendMessage({ ...url, MessageBody: "x" }),
    sqs.sendMessageBatch({ ...url, Entries: [{ Id: "1", MessageBody: "x" }] }),
    sqs.receiveMessage(url),
    sqs.deleteMessage({ ...url, ReceiptHandle: "x" }),
    sqs.deleteMessageBatch({ ...url, Entries: [{ Id: "1", ReceiptHandle: "x" }] }),
    sqs.changeMessageVisibility({ ...url, ReceiptHandle: "x", VisibilityTimeout: 0 }),
    sqs.purgeQueue(url),
    sqs.deleteQueue(url),
    sqs.tagQueue({ ...url, Tags: { a: "b" } }),
    sqs.untagQueue({ ...url, TagKeys: ["a"] }),
    sqs.listQueueTags(url),
    sqs.listDeadLetterSourceQueues(url),
  ];
  const code = "AWS.SimpleQueueService.NonExistentQueue";
  await Promise.all(calls.map((call) => refused(call, errors.QueueDoesNotExist, code)));
});

test("queues that cannot be made say why", async (t) => {
  const world = new World(t, hub);
  await world.queue("orders");
  await refused(world.queue("orders", { DelaySeconds: "5" }), errors.QueueNameExists, "QueueAlreadyExists");
  await refused(world.queue("late", { DelaySeconds: "901" }), errors.InvalidAttributeValue);
  await refused(world.queue("red", { Colour: "red" }), errors.InvalidAttributeName);
  await refused(world.queue("no name"), errors.SQSServiceException, "InvalidParameterValue");
});

test("a receipt handle that is none is that class", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const message = { ReceiptHandle: "nonsense" };
  await refused(world.delete(url, message), errors.ReceiptHandleIsInvalid, "ReceiptHandleIsInvalid", 404);
});

test("a message that is gone has no visibility timeout to change", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  await world.send(url, "order");
  const message = await world.receiveOne(url);
  await world.delete(url, message);
  const change = { QueueUrl: url, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 60 };
  await refused(world.sqs.changeMessageVisibility(change), errors.SQSServiceException, "InvalidParameterValue");
});

test("wrong batches are their classes", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const check = async (ids, kind, body = "x") => {
    const entries = ids.map((Id) => ({ Id, MessageBody: body }));
    const call = world.sqs.sendMessageBatch({ QueueUrl: url, Entries: entries });
    await refused(call, kind, `AWS.SimpleQueueService.${kind.name}`);
  };
  await check([], errors.EmptyBatchRequest);
  await check(["a", "a"], errors.BatchEntryIdsNotDistinct);
  await check(["a b"], errors.InvalidBatchEntryId);
  await check(range(11).map(String), errors.TooManyEntriesInBatchRequest);
  await check(["a", "b"], errors.BatchRequestTooLong, "x".repeat(600_000));
});

test("a body that XML cannot carry is that class", async (t) => {
  const world = new World(t, hub);
  await refused(world.send(await world.queue("orders"), "\u0001"), errors.InvalidMessageContents);
});

test("what only AWS's own rules refuse is refused by a strict hub", async (t) => {
  const world = new World(t, await ownHub(t, "--strict"));
  const url = await world.queue("orders");
  await world.sqs.purgeQueue({ QueueUrl: url });
  const purged = world.sqs.purgeQueue({ QueueUrl: url });
  await refused(purged, errors.PurgeQueueInProgress, "AWS.SimpleQueueService.PurgeQueueInProgress", 403);
  await world.sqs.deleteQueue({ QueueUrl: url });
  const code = "AWS.SimpleQueueService.QueueDeletedRecently";
  await refused(world.queue("orders"), errors.QueueDeletedRecently, code);
});

test("a topic that is not there is that class", async (t) => {
  const { sns, account } = new World(t, hub);
  const topic = `arn:aws:sns:us-east-1:${account}:nothing`;
  await refused(sns.publish({ TopicArn: topic, Message: "x" }), NotFoundException, "NotFound", 404);
});
