// The browser of this machine, if there is one.

import { existsSync } from "node:fs";
import path from "node:path";

import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const folders = (process.env.PATH ?? "").split(path.delimiter);
const browsers = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
const executablePath = browsers.find((file) => existsSync(file));

/** Why a test is skipped that needs one. */
export const skip = executablePath === undefined && "there is no Chromium (Debian: chromium)";

/** A browser that ends with the test. */
export async function browser(t) {
  const started = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  t.after(() => started.close());
  return started;
}
