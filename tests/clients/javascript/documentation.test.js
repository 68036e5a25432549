// What the guide shows: its examples run, print what it says they print, and have the types that the package says.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { sharedHub } from "./world.js";

const hub = await sharedHub();
const run = promisify(execFile);
const here = import.meta.dirname;
const guide = await readFile(path.join(here, "../../../docs/javascript.md"), "utf8");
const examples = Array.from(guide.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs), ([, code, output]) => ({
  code,
  output,
}));

/** Beside what is installed, so that they find it. */
const folder = path.join(here, "node_modules", ".examples");

async function written(name, text) {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

const compiler = path.join(here, "node_modules", "typescript", "bin", "tsc");
const STRICT = ["--noEmit", "--strict", "--target", "esnext", "--module", "nodenext", "--types", ""];
const LIBRARIES = ["--lib", "esnext,dom,dom.iterable,dom.asynciterable"];

/** What the compiler has against some files. */
async function complaints(...files) {
  const given = [compiler, ...STRICT, ...LIBRARIES, "--allowJs", "--checkJs", ...files];
  const { stdout } = await run(process.execPath, given, { cwd: here }).catch((error) => error);
  return stdout.trim();
}

test("the guide has examples, each with what it prints", () => {
  assert.equal(examples.length, guide.split("```js\n").length - 1);
  assert.ok(examples.length >= 4);
});

/** An action of the account that requests without a signature have. */
const act = (parameters) => fetch(hub.endpoint, { method: "POST", body: new URLSearchParams(parameters) });

for (const [place, { code, output }] of examples.entries()) {
  test(`example ${place + 1} of the guide prints what the guide says`, async (t) => {
    await act({ Action: "CreateTopic", Name: "orders" });
    await act({ Action: "CreateQueue", QueueName: "orders" });
    const file = await written(`run-${place}.mjs`, code.replaceAll("http://127.0.0.1:4566", hub.endpoint));
    t.after(() => rm(file));
    // Node has a WebSocket of its own from version 22, or with this.
    const flags = ["--no-warnings", "--experimental-websocket"];
    const { stdout } = await run(process.execPath, [...flags, file], { env: { ...process.env, NO_COLOR: "1" } });
    assert.equal(stdout, output);
  });
}

test("the examples of the guide, and a program in TypeScript, have the types of the package", async () => {
  const files = await Promise.all(examples.map(({ code }, place) => written(`type-${place}.mjs`, code)));
  assert.equal(await complaints(...files, path.join(here, "types.mts")), "");
});

test("the compiler would have noticed", async () => {
  const wrong = await written(
    "wrong.mjs",
    'import { connect } from "fanq";\nconnect("/").consume("orders", { credits: 5 });\n',
  );
  assert.match(await complaints(wrong), /credits/);
});
