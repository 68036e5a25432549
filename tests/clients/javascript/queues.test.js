// Queues themselves, with the AWS SDK.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SQS, paginateListDeadLetterSourceQueues, paginateListQueues } from "@aws-sdk/client-sqs";

import { World, bodies, range, sharedHub } from "./world.js";

const hub = await sharedHub();

test("attributes are set and shown", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders", { VisibilityTimeout: "60" });
  assert.equal(await world.queue("orders", { VisibilityTimeout: "60" }), url);
  assert.equal((await world.sqs.getQueueUrl({ QueueName: "orders" })).QueueUrl, url);
  assert.equal(url, `${hub.endpoint}/${world.account}/orders`);
  await world.sqs.setQueueAttributes({ QueueUrl: url, Attributes: { DelaySeconds: "5" } });
  const all = await world.attributes(url, "All");
  assert.equal(all.VisibilityTimeout, "60");
  assert.equal(all.DelaySeconds, "5");
  assert.equal(all.QueueArn, `arn:aws:sqs:us-east-1:${world.account}:orders`);
});

test("tags are set, shown and removed", async (t) => {
  const world = new World(t, hub);
  const made = await world.sqs.createQueue({ QueueName: "orders", tags: { team: "shipping" } });
  const url = { QueueUrl: made.QueueUrl };
  await world.sqs.tagQueue({ ...url, Tags: { tier: "1", cost: "low" } });
  await world.sqs.untagQueue({ ...url, TagKeys: ["cost"] });
  assert.deepEqual((await world.sqs.listQueueTags(url)).Tags, { team: "shipping", tier: "1" });
});

test("a queue is emptied and deleted", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  await world.send(url, "order");
  await world.sqs.purgeQueue({ QueueUrl: url });
  assert.deepEqual(await world.receive(url), []);
  await world.sqs.deleteQueue({ QueueUrl: url });
  assert.equal((await world.sqs.listQueues({})).QueueUrls, undefined);
});

test("pages of queues are complete", async (t) => {
  const world = new World(t, hub);
  const urls = await Promise.all(range(25).map((n) => world.queue(`orders-${String(n).padStart(2, "0")}`)));
  await world.queue("returns");
  const found = [];
  let pages = 0;
  const asked = { QueueNamePrefix: "orders-" };
  for await (const page of paginateListQueues({ client: world.sqs, pageSize: 10 }, asked)) {
    found.push(...(page.QueueUrls ?? []));
    pages += 1;
  }
  assert.deepEqual(found.toSorted(), urls.toSorted());
  assert.equal(pages, 3);
});

test("pages of the sources of a dead-letter queue are complete", async (t) => {
  const world = new World(t, hub);
  const failed = await world.queue("failed");
  const redrive = JSON.stringify({ deadLetterTargetArn: await world.arn(failed), maxReceiveCount: 3 });
  const urls = await Promise.all(range(5).map((n) => world.queue(`orders-${n}`, { RedrivePolicy: redrive })));
  const found = [];
  const pages = paginateListDeadLetterSourceQueues({ client: world.sqs, pageSize: 2 }, { QueueUrl: failed });
  for await (const { queueUrls } of pages) {
    found.push(...queueUrls);
  }
  assert.deepEqual(found.toSorted(), urls.toSorted());
});

test("a client without settings takes them from the environment", async (t) => {
  const world = new World(t, hub);
  const variables = {
    AWS_ENDPOINT_URL: hub.endpoint,
    AWS_ACCESS_KEY_ID: world.account,
    AWS_SECRET_ACCESS_KEY: "any",
    AWS_REGION: "us-east-1",
  };
  t.after(() => Object.keys(variables).forEach((name) => delete process.env[name]));
  Object.assign(process.env, variables);
  const sqs = new SQS();
  t.after(() => sqs.destroy());
  const { QueueUrl } = await sqs.createQueue({ QueueName: "orders" });
  assert.equal(QueueUrl, `${hub.endpoint}/${world.account}/orders`);
});

test("a client without an endpoint calls the host of the queue's URL", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const elsewhere = world.queues({ useQueueUrlAsEndpoint: true });
  await elsewhere.sendMessage({ QueueUrl: url, MessageBody: "order" });
  assert.deepEqual(bodies(await world.receive(url)), ["order"]);
});
