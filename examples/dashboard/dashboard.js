// A page that shows orders while they are placed, paid and shipped, and the shop that they come from.
//
// node examples/dashboard/dashboard.js [--orders 300] [--per-second 10] [--wait] [endpoint]
//
// Serves the page, publishes orders, and checks with a live subscription of its own that all of them can be seen. With
// --wait it begins when somebody looks. Needs Node 22 (or 20 with --experimental-websocket).

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connect } from "../../clients/javascript/src/index.js";

const PATIENCE_S = 30;
const ITEMS = ["teapot", "lamp", "notebook", "bicycle bell", "chess set", "raincoat"];
const COUNTRIES = ["DE", "JP", "FR", "BR", "CA"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    orders: { type: "string", default: "300" },
    "per-second": { type: "string", default: "10" },
    wait: { type: "boolean", default: false },
  },
});
const endpoint = positionals[0] ?? process.env.AWS_ENDPOINT_URL ?? "http://127.0.0.1:4566";
const orders = Number(values.orders);
const perSecond = Number(values["per-second"]);

/** Creates or deletes a topic, as any client of SNS does. */
async function sns(action, parameters) {
  const body = new URLSearchParams({ Action: action, Version: "2010-03-31", ...parameters });
  const answer = await fetch(endpoint, { method: "POST", headers: { accept: "application/json" }, body });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${action}: ${text}`);
  }
  return JSON.parse(text);
}

/** The page, the client's files, and the hub's socket behind one address: so it is a page of the hub's own. */
async function serve() {
  const here = import.meta.dirname;
  const client = path.join(here, "../../clients/javascript/src");
  let looked;
  const someoneLooks = new Promise((resolve) => {
    looked = resolve;
  });
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const [, script] = /^\/fanq\/([a-z]+\.js)$/.exec(pathname) ?? [];
    const file = pathname === "/" ? path.join(here, "index.html") : script && path.join(client, script);
    try {
      const content = await readFile(file);
      response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.on("upgrade", (request, socket, head) => {
    looked();
    const { hostname, port } = new URL(endpoint);
    const hub = net.connect(port || 80, hostname);
    const pairs = request.rawHeaders.map((text, place) => (place % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    hub.write(`GET ${request.url} HTTP/1.1\r\n${pairs.join("")}\r\n`);
    hub.write(head);
    socket.pipe(hub).pipe(socket);
    hub.on("error", () => socket.destroy()).unref();
    // A page that is still open does not keep the program.
    socket.on("error", () => hub.destroy()).unref();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, someoneLooks, address: `http://127.0.0.1:${server.address().port}` };
}

/** One order goes its way, from service to service. */
async function sell(hub, topic, number) {
  const order = {
    order: number,
    item: ITEMS[number % ITEMS.length],
    country: COUNTRIES[(number * 7) % COUNTRIES.length],
    amount: 5 + ((number * 37) % 200),
  };
  const steps =
    number % 10 === 0
      ? [
          ["shop", "placed"],
          ["payment", "declined"],
        ]
      : [
          ["shop", "placed"],
          ["payment", "paid"],
          ["shipping", "shipped"],
        ];
  for (const [service, status] of steps) {
    await hub.publish(topic, { ...order, service, status }, { attributes: { service, status } });
    await pause(1000 * Math.random() * (10 / perSecond));
  }
}

const add = (counts, status) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 });

/** Counts what is published by status, until that is everything. */
async function watch(events, expected) {
  let counts = {};
  let [seen, missed] = [0, 0];
  for await (const item of events) {
    if (item.type === "gap") {
      missed += item.dropped;
    } else if (item.type === "event") {
      counts = add(counts, item.json().status);
      seen += 1;
    }
    if (seen + missed === expected) {
      break;
    }
  }
  return { counts, missed };
}

async function run(hub, topic) {
  const declined = Math.floor(orders / 10);
  const expected = { placed: orders, declined, paid: orders - declined, shipped: orders - declined };
  const total = Object.values(expected).reduce((one, other) => one + other);
  const giveUp = AbortSignal.timeout(1000 * (PATIENCE_S + (3 * orders) / perSecond));
  const events = hub.subscribe(topic, { buffer: 10_000, signal: giveUp });
  await events.ready;
  const watching = watch(events, total);
  const running = [];
  for (let number = 1; number <= orders; number += 1) {
    running.push(sell(hub, topic, number));
    await pause(1000 / perSecond);
  }
  await Promise.all(running);
  console.log(`${orders} orders published, in ${total} events`);

  const { counts, missed } = await watching;
  let isRight = missed === 0;
  for (const [status, count] of Object.entries(expected)) {
    const seen = counts[status] ?? 0;
    console.log(`${status.padStart(9)}: ${seen} events seen, ${seen === count ? "ok" : "WRONG"}`);
    isRight &&= seen === count;
  }
  return isRight;
}

console.log(`The hub is ${endpoint}`);
const topic = `orders-${Date.now()}`;
const { TopicArn } = (await sns("CreateTopic", { Name: topic })).CreateTopicResponse.CreateTopicResult;
const { server, someoneLooks, address } = await serve();
console.log(`The page is ${address}/?topic=${topic}`);
const hub = connect(endpoint);
try {
  if (values.wait) {
    await someoneLooks;
  }
  const isRight = await run(hub, topic);
  console.log(isRight ? "The dashboard could show everything, ok" : "FAILED: the dashboard could not show everything");
  process.exitCode = isRight ? 0 : 1;
} finally {
  await hub.close();
  await sns("DeleteTopic", { TopicArn });
  server.closeAllConnections();
  server.close();
}
