// A hub for each file of tests, one of its own for a test that turns the clock, and an account for each test.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after } from "node:test";

import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";

import { Hub } from "./hub.js";

// Whoever runs the tests may have accounts of their own.
for (const name of Object.keys(process.env).filter((name) => name.startsWith("AWS_"))) {
  delete process.env[name];
}

/** The hub of a file of tests. */
export async function sharedHub() {
  const hub = await Hub.start();
  after(() => hub.stop());
  return hub;
}

/** A hub for one test alone. */
export async function ownHub(t, ...flags) {
  const hub = await Hub.start(...flags);
  t.after(() => hub.stop());
  return hub;
}

/** The clients of one account, as a program makes them, and what tests ask again and again. */
export class World {
  #t;
  #settings;

  constructor(t, hub) {
    this.#t = t;
    this.account = String(randomInt(1, 10 ** 12)).padStart(12, "0");
    this.#settings = {
      region: "us-east-1",
      credentials: { accessKeyId: this.account, secretAccessKey: "any" },
      maxAttempts: 1,
    };
    this.hub = hub;
    this.sqs = this.queues({ endpoint: hub.endpoint });
    this.sns = new SNS({ ...this.#settings, endpoint: hub.endpoint });
    t.after(() => this.sns.destroy());
  }

  /** Another client of queues. */
  queues(settings) {
    const sqs = new SQS({ ...this.#settings, ...settings });
    this.#t.after(() => sqs.destroy());
    return sqs;
  }

  async queue(name, attributes) {
    return (await this.sqs.createQueue({ QueueName: name, Attributes: attributes })).QueueUrl;
  }

  fifoQueue(name, attributes) {
    return this.queue(name, { FifoQueue: "true", ...attributes });
  }

  /** The attributes of a queue by their names. */
  async attributes(url, ...names) {
    return (await this.sqs.getQueueAttributes({ QueueUrl: url, AttributeNames: names })).Attributes;
  }

  async arn(url) {
    return (await this.attributes(url, "QueueArn")).QueueArn;
  }

  /** How many messages are visible, and how many in flight. */
  async counts(url) {
    const visible = "ApproximateNumberOfMessages";
    const inFlight = "ApproximateNumberOfMessagesNotVisible";
    const got = await this.attributes(url, visible, inFlight);
    return { visible: Number(got[visible]), inFlight: Number(got[inFlight]) };
  }

  send(url, body, more) {
    return this.sqs.sendMessage({ QueueUrl: url, MessageBody: body, ...more });
  }

  /** Up to ten messages with all they have, without waiting unless told to. */
  async receive(url, more) {
    const asked = { QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"], ...more };
    return (await this.sqs.receiveMessage({ MessageAttributeNames: ["All"], ...asked })).Messages ?? [];
  }

  /** The only message there is. */
  async receiveOne(url, more) {
    const got = await this.receive(url, more);
    assert.equal(got.length, 1);
    return got[0];
  }

  delete(url, message) {
    return this.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle });
  }
}

export const bodies = (messages) => messages.map(({ Body }) => Body);

export const range = (length) => Array.from({ length }, (_, number) => number);
