// The client of the socket, with a hub behind TLS: Node believes the authorities that `NODE_EXTRA_CA_CERTS` names.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import tls from "node:tls";

import { ownHub } from "./world.js";

const skip = spawnSync("openssl", ["version"]).status !== 0 && "there is no openssl";

const program = `
  import { connect } from "fanq";
  const hub = connect(process.argv[1], { onState: ({ state }) => console.log(state) });
  await hub.send("jobs", "hello");
  for await (const message of hub.consume("jobs")) {
    console.log(message.body);
    await message.ack();
    break;
  }
  await hub.close();
`;

/** A certificate for localhost that vouches for itself, and its key. */
async function certificate(t) {
  const folder = await mkdtemp(path.join(tmpdir(), "fanq-"));
  t.after(() => rm(folder, { recursive: true }));
  const [key, cert] = ["key.pem", "certificate.pem"].map((name) => path.join(folder, name));
  const what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert];
  const whom = ["-subj", "/CN=fanq", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
  const made = spawnSync("openssl", ["req", "-x509", ...what, ...whom]);
  assert.equal(made.status, 0, String(made.stderr));
  return { file: cert, key: await readFile(key), cert: await readFile(cert) };
}

test("the client speaks to whom Node believes, and to nobody else", { skip }, async (t) => {
  const hub = await ownHub(t);
  const form = new URLSearchParams({ Action: "CreateQueue", QueueName: "jobs" });
  assert.equal((await fetch(hub.endpoint, { method: "POST", body: form })).status, 200);
  const { file, key, cert } = await certificate(t);
  const { hostname, port } = new URL(hub.endpoint);
  const server = tls.createServer({ key, cert }, (client) => {
    const onward = net.connect(Number(port), hostname);
    client.on("error", () => onward.destroy());
    onward.on("error", () => client.destroy());
    client.pipe(onward).pipe(client);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  t.after(() => server.close());

  /** A program that believes these authorities too: what it has written, and when it ends. */
  const started = (variables) => {
    const flags = ["--no-warnings", "--experimental-websocket", "--input-type=module", "--eval", program];
    const child = spawn(process.execPath, [...flags, `https://localhost:${server.address().port}`], {
      cwd: import.meta.dirname,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill());
    return { lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), child };
  };
  const doubting = started({});
  await once(server, "tlsClientError");
  const said = [await doubting.lines.next(), await doubting.lines.next()].map(({ value }) => value);
  assert.deepEqual(said, ["connecting", "disconnected"]);
  doubting.child.kill();

  const believing = started({ NODE_EXTRA_CA_CERTS: file });
  const ended = once(believing.child, "exit");
  const all = [];
  for await (const line of believing.lines) {
    all.push(line);
  }
  assert.deepEqual(all, ["connecting", "connected", "hello", "closed"]);
  assert.deepEqual(await ended, [0, null]);
});
