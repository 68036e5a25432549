// A hub that says what a test wants, to see what the client makes of it.

import assert from "node:assert/strict";
import { once } from "node:events";

import { connect } from "fanq";
import { WebSocket, WebSocketServer } from "ws";

import { eventually } from "./hub.js";

/** One connection, as the hub has it. */
class Connection {
  #unread = [];
  isClosed = false;

  constructor(socket) {
    this.socket = socket;
    socket.on("message", (text) => this.#unread.push(JSON.parse(text)));
    socket.on("close", (code) => {
      this.isClosed = true;
      this.closeCode = code;
    });
  }

  say(...frames) {
    frames.forEach((frame) => this.socket.send(JSON.stringify(frame)));
  }

  /** The next frame of a type that nobody has asked for. */
  async heard(type) {
    let found;
    await eventually(`the client says ${type}`, () => {
      const at = this.#unread.findIndex((frame) => frame.type === type);
      found = at < 0 ? undefined : this.#unread.splice(at, 1)[0];
      return found;
    });
    return found;
  }

  /** The same, and the hub agrees. */
  async agreed(type, answer) {
    const frame = await this.heard(type);
    this.say({ type: "ok", id: frame.id, ...answer });
    return frame;
  }

  async refused(type, refusal) {
    const frame = await this.heard(type);
    this.say({ type: "error", id: frame.id, message: "no", retryable: false, ...refusal });
    return frame;
  }

  /** What was said of a type and not asked for yet. */
  unread(type) {
    return this.#unread.filter((frame) => frame.type === type);
  }

  /** Lets somebody in. */
  async welcome(more) {
    const hello = await this.heard("connect");
    const limits = { frame: 2 ** 21, subs: 100, credit: 1000 };
    const server = { name: "fanq", version: "0" };
    const said = { session: "one", resume: "token 1", resumed: false, heartbeat: 20, limits, server };
    this.say({ type: "connected", id: hello.id, ...said, ...more });
    return hello;
  }

  /** Waits until everything before was heard: the client answers in order. */
  async settled() {
    this.say({ type: "ping", t: "settled" });
    assert.deepEqual(await this.heard("pong"), { type: "pong", t: "settled" });
  }

  /** The network is gone. */
  break() {
    this.socket.terminate();
  }
}

export class FakeHub {
  #accepted = [];
  #clients = [];

  static async start(t) {
    const hub = new FakeHub();
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "fanq.v1.json" });
    await once(server, "listening");
    server.on("connection", (socket) => hub.#accepted.push(new Connection(socket)));
    t.after(async () => {
      const closings = hub.#clients.map((client) => client.close());
      server.clients.forEach((socket) => socket.terminate());
      server.close();
      await Promise.all(closings);
    });
    hub.endpoint = `http://127.0.0.1:${server.address().port}`;
    return hub;
  }

  /** A client of it, which is closed with the test, and what it said of its connection. */
  client(options) {
    const states = [];
    const client = connect(this.endpoint, { WebSocket, onState: (change) => states.push(change), ...options });
    this.#clients.push(client);
    return { client, states };
  }

  /** The next connection that nobody has asked for. */
  async accepted() {
    await eventually("a client connects", () => this.#accepted.length > 0);
    return this.#accepted.shift();
  }

  /** A client that was let in. */
  async connected(t, options) {
    const { client, states } = this.client(options);
    const connection = await this.accepted();
    const hello = await connection.welcome();
    await client.opened;
    return { client, states, connection, hello };
  }
}

/** A client that was let in by a hub of its own. */
export async function connected(t, options) {
  const hub = await FakeHub.start(t);
  return { hub, ...(await hub.connected(t, options)) };
}

/** What one iteration after the other gives. */
export async function taken(iterator, count) {
  const items = [];
  while (items.length < count) {
    const { done, value } = await iterator.next();
    assert.ok(!done, "it has ended");
    items.push(value);
  }
  return items;
}
