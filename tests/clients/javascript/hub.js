// Starts the real program, waits until it is ready, and turns its clock.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const PATIENCE_MS = 30_000;
const PAUSE_MS = 5;

const repository = path.resolve(import.meta.dirname, "../../..");

/** The program under test: `FANQ_BIN`, or the release build. */
function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(repository, "target");
  const program = process.env.FANQ_BIN ?? path.join(target, "release", "fanq");
  assert.ok(existsSync(program), `${program} is missing; build it, or name another with FANQ_BIN`);
  return program;
}

/** Waits until a condition holds. */
export async function eventually(what, holds) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `in vain: ${what}`);
    await pause(PAUSE_MS);
  }
}

/** A hub in memory on a free port, unless the flags say otherwise. It ends with `stop`. */
export class Hub {
  #child;
  #log = [];

  static async start(...flags) {
    const hub = new Hub();
    const own = Object.entries(process.env).filter(([name]) => !/^(FANQ|OTEL)_/.test(name));
    const port = flags.includes("--port") ? [] : ["--port", "0"];
    const store = flags.includes("--data-dir") ? [] : ["--in-memory"];
    const given = ["serve", ...port, ...store, "--test-clock", ...flags];
    hub.#child = spawn(binary(), given, { env: Object.fromEntries(own), stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: hub.#child.stderr }).on("line", (line) => hub.#log.push(line));
    const limit = setTimeout(() => hub.#child.kill("SIGKILL"), PATIENCE_MS);
    for await (const line of createInterface({ input: hub.#child.stdout })) {
      if (line.startsWith("export AWS_ENDPOINT_URL=")) {
        hub.endpoint = line.split("=")[1];
      }
      if (line === "Ready.") {
        break;
      }
    }
    clearTimeout(limit);
    assert.ok(hub.endpoint, `the hub did not start: ${hub.#log.join("\n")}`);
    return hub;
  }

  /** Asks it to end, as a service manager does. */
  async stop() {
    const { exitCode, signalCode } = this.#child;
    assert.ok(exitCode === null && signalCode === null, `the hub died: ${this.#log.slice(-20).join("\n")}`);
    const ended = once(this.#child, "exit");
    this.#child.kill();
    assert.deepEqual(await ended, [0, null]);
  }

  /** Ends it as a power cut does. */
  async kill() {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #turnClock(turn) {
    const answer = await fetch(`${this.endpoint}/_fanq/clock`, { method: "POST", body: JSON.stringify(turn) });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** Stops the clock, so that only `advance` moves it. */
  async freeze() {
    await this.#turnClock({ freeze: true });
  }

  /** Moves the clock; what fell due has happened when this resolves. */
  async advance(seconds) {
    await this.#turnClock({ advance_ms: seconds * 1000 });
  }

  /** Waits until so many receivers wait in long polls. */
  async waitsFor(receivers) {
    await eventually(`${receivers} receivers wait`, async () => {
      const answer = await fetch(`${this.endpoint}/metrics`);
      return (await answer.text()).split("\n").includes(`fanq_waiting_receivers ${receivers}`);
    });
  }
}
