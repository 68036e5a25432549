// sqs-consumer and sqs-producer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Consumer } from "sqs-consumer";
import { Producer } from "sqs-producer";

import { eventually } from "./hub.js";
import { World, bodies, ownHub, range, sharedHub } from "./world.js";

const hub = await sharedHub();

const NOTHING_LEFT = { visible: 0, inFlight: 0 };

/** Starts a consumer; an error that a test does not expect fails it. */
function consume(t, { sqs }, queueUrl, { isExpected = () => false, ...options }) {
  const consumer = Consumer.create({ sqs, queueUrl, pollingCompleteWaitTimeMs: 30_000, ...options });
  const errors = [];
  consumer.on("error", (error) => isExpected(error) || errors.push(error));
  t.after(() => assert.deepEqual(errors, []));
  consumer.start();
  return consumer;
}

const emitted = (consumer, event) => new Promise((resolve) => consumer.once(event, resolve));

/** Lets a consumer finish what it has, and waits until it has. */
async function finished(consumer) {
  const stopped = emitted(consumer, "stopped");
  consumer.stop();
  await stopped;
}

/** Something to wait for. */
class Signal {
  given = new Promise((resolve) => {
    this.give = resolve;
  });
}

const produced = (world, url, count) =>
  Producer.create({ sqs: world.sqs, queueUrl: url }).send(range(count).map((n) => ({ id: `${n}`, body: `${n}` })));

test("a producer sends as many batches as it takes", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  const producer = Producer.create({ sqs: world.sqs, queueUrl: url });
  const sent = await producer.send([
    ...range(24).map((n) => ({ id: `${n}`, body: `${n}` })),
    { id: "last", body: "last", messageAttributes: { kind: { DataType: "String", StringValue: "late" } } },
  ]);
  assert.equal(sent.length, 25);
  assert.equal(await producer.queueSize(), 25);
});

test("a hundred messages are each handled once and deleted", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  await produced(world, url, 100);
  const handled = [];
  const consumer = consume(t, world, url, {
    batchSize: 10,
    waitTimeSeconds: 1,
    handleMessage: async (message) => {
      handled.push(message.Body);
      return message;
    },
  });
  await emitted(consumer, "empty");
  await finished(consumer);
  assert.deepEqual(handled.toSorted(), range(100).map(String).toSorted());
  assert.deepEqual(await world.counts(url), NOTHING_LEFT);
});

test("a message whose handler fails comes again at once", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders", { VisibilityTimeout: "43200" });
  await world.send(url, "order");
  const received = [];
  const consumer = consume(t, world, url, {
    messageSystemAttributeNames: ["ApproximateReceiveCount"],
    terminateVisibilityTimeout: true,
    waitTimeSeconds: 1,
    handleMessage: async (message) => {
      received.push(message.Attributes.ApproximateReceiveCount);
      assert.ok(received.length === 3, "not yet");
      return message;
    },
  });
  const failures = [];
  consumer.on("processing_error", (error) => failures.push(error.message));
  await emitted(consumer, "message_processed");
  await finished(consumer);
  assert.deepEqual(received, ["1", "2", "3"]);
  assert.equal(failures.length, 2);
  assert.deepEqual(await world.counts(url), NOTHING_LEFT);
});

test("a message whose handler fails again and again goes to the dead-letter queue", async (t) => {
  const world = new World(t, hub);
  const failed = await world.queue("failed");
  const redrive = { deadLetterTargetArn: await world.arn(failed), maxReceiveCount: 3 };
  const url = await world.queue("orders", { RedrivePolicy: JSON.stringify(redrive) });
  await world.send(url, "order");
  let failures = 0;
  const consumer = consume(t, world, url, {
    terminateVisibilityTimeout: true,
    waitTimeSeconds: 1,
    handleMessage: async () => {
      failures += 1;
      throw new Error("never");
    },
  });
  consumer.on("processing_error", () => {});
  const [dead] = await world.receive(failed, { WaitTimeSeconds: 20 });
  await finished(consumer);
  assert.equal(dead.Body, "order");
  assert.equal(failures, 3);
});

test("what a handler of batches leaves out stays in the queue", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders", { VisibilityTimeout: "43200" });
  await produced(world, url, 10);
  const isDone = ({ Body }) => Number(Body) % 2 === 0;
  const consumer = consume(t, world, url, {
    batchSize: 10,
    waitTimeSeconds: 1,
    handleMessageBatch: async (messages) => messages.filter(isDone),
  });
  await emitted(consumer, "empty");
  await finished(consumer);
  assert.deepEqual(await world.counts(url), { visible: 0, inFlight: 5 });
});

test("heartbeats keep a message from others for as long as it is handled", async (t) => {
  const own = await ownHub(t);
  await own.freeze();
  const world = new World(t, own);
  const url = await world.queue("orders");
  await world.send(url, "order");

  // Heartbeats that began, and the last one that was answered.
  let begun = 0;
  let answered = 0;
  world.sqs.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        if (commandName !== "ChangeMessageVisibilityCommand") {
          return next(request);
        }
        begun += 1;
        const number = begun;
        const answer = await next(request);
        answered = Math.max(answered, number);
        return answer;
      },
    { step: "initialize" },
  );

  const others = world.queues({ endpoint: own.endpoint });
  const consumer = consume(t, world, url, {
    visibilityTimeout: 30,
    heartbeatInterval: 0.02,
    // The consumer goes on with its heartbeats until it knows that the message is deleted.
    isExpected: ({ message }) => message.includes("Message does not exist"),
    waitTimeSeconds: 1,
    handleMessage: async (message) => {
      for (const _ of range(5)) {
        await own.advance(20);
        const before = begun;
        await eventually("a heartbeat after the clock was turned", () => answered > before);
        assert.equal((await others.receiveMessage({ QueueUrl: url })).Messages, undefined);
      }
      return message;
    },
  });
  await emitted(consumer, "message_processed");
  await finished(consumer);
  assert.deepEqual(await world.counts(url), NOTHING_LEFT);
});

test("a consumer that is stopped finishes what it has and takes no more", async (t) => {
  const world = new World(t, hub);
  const url = await world.queue("orders");
  await produced(world, url, 30);
  const begun = new Signal();
  const allowed = new Signal();
  const handled = [];
  const consumer = consume(t, world, url, {
    batchSize: 10,
    handleMessageBatch: async (messages) => {
      begun.give();
      await allowed.given;
      handled.push(...bodies(messages));
      return messages;
    },
  });
  await begun.given;
  assert.deepEqual(await world.counts(url), { visible: 20, inFlight: 10 });
  const stopping = finished(consumer);
  allowed.give();
  await stopping;
  assert.equal(handled.length, 10);
  assert.deepEqual(await world.counts(url), { visible: 20, inFlight: 0 });
});

test("a consumer that is stopped while it waits takes no message with it", async (t) => {
  const own = await ownHub(t);
  const world = new World(t, own);
  const url = await world.queue("orders", { VisibilityTimeout: "43200" });
  const consumer = consume(t, world, url, {
    isExpected: ({ message }) => message.includes("aborted"),
    handleMessage: async (message) => message,
  });
  await own.waitsFor(1);
  const given = emitted(consumer, "error");
  consumer.stop({ abort: true });
  await given;
  await world.send(url, "order");
  assert.equal((await world.receiveOne(url)).Attributes.ApproximateReceiveCount, "1");
});
