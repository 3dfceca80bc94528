/**
 * A real Chromium for the tests of the key page, installed from npm.
 *
 * The package contains a binary for Linux on x64; on other systems the installed Chrome is used. shared.ts starts it
 * once per vitest worker. It makes no network requests beyond loopback.
 */

import sparticuz from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";
import { HAS_PACKAGED_BROWSER, unpackedBrowser } from "./unpack-browser.ts";

/**
 * Flags that the package sets for serverless functions. Here they would weaken the browser's security rules or, like the
 * last, start each page's process from nothing instead of from a fork.
 */
const UNWANTED = [
  "--disable-web-security",
  "--allow-running-insecure-content",
  "--single-process",
  "--no-zygote",
];

/**
 * Without `RenderDocument`, which builds a new frame within the process for each page and adds half to the page's cost.
 *
 * `keepsPages`: enables the back/forward cache, as in a user's browser; it costs a process per page.
 */
export async function startBrowser({ keepsPages = false } = {}): Promise<Browser> {
  const ignoreDefaultArgs = keepsPages ? ["--disable-back-forward-cache"] : [];
  if (!HAS_PACKAGED_BROWSER) return await chromium.launch({ channel: "chrome", ignoreDefaultArgs });
  // No test needs WebGL, and software rendering is slow.
  sparticuz.setGraphicsMode = false;
  return await chromium.launch({
    executablePath: await unpackedBrowser(),
    args: sparticuz.args
      .filter((arg) => !UNWANTED.includes(arg))
      .map((arg) => (arg.startsWith("--disable-features=") ? `${arg},RenderDocument` : arg)),
    ignoreDefaultArgs,
  });
}
