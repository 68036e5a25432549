// The dashboard among the examples, in a browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { browser, skip } from "./browser.js";
import { eventually } from "./hub.js";
import { ownHub } from "./world.js";

const program = path.resolve(import.meta.dirname, "../../../examples/dashboard/dashboard.js");
// Node has a WebSocket of its own from version 22, or with this.
const flags = ["--no-warnings", "--experimental-websocket"];

/** The example, and the address of its page. */
async function started(t, hub, ...given) {
  const child = spawn(process.execPath, [...flags, program, ...given, hub.endpoint], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const lines = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = once(child, "exit");
  const found = () => lines.map((line) => /^The page is (.*)/.exec(line)?.[1]).find(Boolean);
  await eventually("the page is there", () => found() ?? child.exitCode !== null);
  return { address: found(), lines, ended };
}

/** A page in a browser; what goes wrong in it fails the test. */
async function opened(t, address) {
  const page = await (await browser(t)).newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  t.after(() => assert.deepEqual(errors, []));
  await page.goto(address);
  return page;
}

const text = (page, selector) => page.locator(selector).innerText();

test("the example says that all could be seen", async (t) => {
  const hub = await ownHub(t);
  const { lines, ended } = await started(t, hub, "--orders", "20", "--per-second", "100");
  assert.deepEqual(await ended, [0, null], lines.join("\n"));
  assert.equal(lines.at(-1), "The dashboard could show everything, ok");
});

test("the dashboard shows orders as they arrive", { skip }, async (t) => {
  const hub = await ownHub(t);
  const { address, ended } = await started(t, hub, "--orders", "30", "--per-second", "50", "--wait");
  const page = await opened(t, address);
  await eventually("all orders are shown", async () => {
    const shown = await Promise.all(["#placed", "#paid", "#shipped", "#declined"].map((id) => text(page, id)));
    return shown.join(" ") === "30 27 27 3";
  });
  assert.equal(await page.locator("#latest tr").count(), 20);
  assert.match(await text(page, "#latest tr:first-child .chip"), /shipped|declined/);
  assert.equal(await text(page, "#missed"), "0");
  await eventually("each service has a bar", async () => {
    const hasBar = (figures) => figures.filter((figure) => figure.querySelector('rect:not([height="0"])[height]'));
    return (await page.locator("#services figure").evaluateAll(hasBar)).length === 3;
  });
  assert.deepEqual(await ended, [0, null]);
});

test("the dashboard says what it does not show, and that the connection is lost", { skip }, async (t) => {
  const hub = await ownHub(t);
  const { address, ended } = await started(t, hub, "--orders", "30", "--per-second", "100", "--wait");
  const page = await opened(t, `${address}&maxRate=5`);
  await page.locator(".notice").first().waitFor();
  assert.match(await text(page, ".notice >> nth=0"), /^[0-9]+ not shown: more came than this page asked for\.$/);
  assert.notEqual(await text(page, "#missed"), "0");
  assert.equal(await text(page, "#state"), "live");
  assert.deepEqual(await ended, [0, null]);
  // With the program its address is gone, so for the page the hub is.
  await page.locator('#state[data-state="disconnected"], #state[data-state="connecting"]').waitFor();
});
