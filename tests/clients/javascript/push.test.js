// Topics that push over HTTP, as a receiver sees it who checks signatures with a published validator.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { test } from "node:test";

import MessageValidator from "sns-validator";

import { eventually } from "./hub.js";
import { World, ownHub } from "./world.js";

/** The validator takes certificates from AWS alone. So that is where they are said to be, and this is asked instead. */
const AWS = "https://sns.us-east-1.amazonaws.com";

/** A receiver on a free port, which keeps what it gets. */
class Receiver {
  requests = [];

  static async start(t) {
    const receiver = new Receiver();
    const server = http.createServer(async (request, response) => {
      const parts = await request.toArray();
      receiver.requests.push({ headers: request.headers, message: JSON.parse(Buffer.concat(parts).toString()) });
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    receiver.url = `http://127.0.0.1:${server.address().port}/orders`;
    return receiver;
  }

  /** The only message of a type, when it is there. */
  async message(type) {
    const found = () => this.requests.filter(({ message }) => message.Type === type);
    await eventually(`a ${type} comes`, () => found().length > 0);
    assert.equal(found().length, 1);
    return found()[0].message;
  }
}

/** Validates a message with the certificate that the hub serves. */
async function validate(t, message) {
  const certificate = new URL(message.SigningCertURL);
  t.mock.method(https, "get", (asked, answer) => {
    const { pathname } = new URL(typeof asked === "string" ? asked : asked.href);
    return http.get(new URL(pathname, certificate.origin), answer);
  });
  const moved = { ...message, SigningCertURL: `${AWS}${certificate.pathname}` };
  return new Promise((resolve) => {
    new MessageValidator().validate(moved, (error, valid) => resolve(error ?? valid));
  });
}

for (const version of ["1", "2"]) {
  test(`what is pushed is signed in version ${version}, and a forgery is noticed`, async (t) => {
    const world = new World(t, await ownHub(t));
    const receiver = await Receiver.start(t);
    const topic = { Name: "orders", Attributes: { SignatureVersion: version } };
    const { TopicArn } = await world.sns.createTopic(topic);
    const asked = await world.sns.subscribe({ TopicArn, Protocol: "http", Endpoint: receiver.url });
    assert.equal(asked.SubscriptionArn, "pending confirmation");

    const question = await receiver.message("SubscriptionConfirmation");
    assert.equal((await validate(t, question)).Token, question.Token);
    assert.equal((await fetch(question.SubscribeURL)).status, 200);

    const { MessageId } = await world.sns.publish({ TopicArn, Subject: "an order", Message: '{"order": 1}' });
    const notification = await receiver.message("Notification");
    assert.equal(notification.SignatureVersion, version);
    const valid = await validate(t, notification);
    assert.equal(valid.MessageId, MessageId);
    assert.equal(valid.Message, '{"order": 1}');

    const forged = await validate(t, { ...notification, Message: '{"order": 2}' });
    assert.ok(forged instanceof Error, "a forgery is valid");
  });
}
