/**
 * A real Chromium for the tests of the key page, from npm alone.
 *
 * The package brings the program for Linux on x64, as continuous integration has it; elsewhere the Chrome that is
 * installed is taken. It is started once per file and unpacked once per machine. Nothing here reaches the network.
 */

import sparticuz from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

/** What the package sets for a function without a disk or a GPU; sites are told apart here as in any browser. */
const UNWANTED = ["--disable-web-security", "--allow-running-insecure-content", "--single-process"];

/** `keepsPages`: a page that was left is kept alive to go back to, as in everybody's browser; it costs a process each. */
export async function startBrowser({ keepsPages = false } = {}): Promise<Browser> {
  const ignoreDefaultArgs = keepsPages ? ["--disable-back-forward-cache"] : [];
  if (process.platform !== "linux" || process.arch !== "x64") {
    return await chromium.launch({ channel: "chrome", ignoreDefaultArgs });
  }
  // Nothing here draws in three dimensions, and doing that in software is slow.
  sparticuz.setGraphicsMode = false;
  return await chromium.launch({
    executablePath: await sparticuz.executablePath(),
    args: sparticuz.args.filter((arg) => !UNWANTED.includes(arg)),
    ignoreDefaultArgs,
  });
}
