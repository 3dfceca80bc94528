/**
 * Unpacks the browser of `@sparticuz/chromium` once per installation, for any number of processes at once.
 *
 * The package unpacks to fixed names in the temporary directory, and takes a file that another process is still writing, or
 * has left half written, for the whole. So it unpacks into a directory of its own, which is renamed when it is complete.
 */

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const PACKAGE = "@sparticuz/chromium";
const CACHE = join(import.meta.dirname, "..", "..", "node_modules", ".cache");
const UNPACK = `import chromium from "${PACKAGE}"; await chromium.executablePath();`;

/** Whether the package has a binary for this system. */
export const HAS_PACKAGED_BROWSER = process.platform === "linux" && process.arch === "x64";

/** Path of the executable. */
export async function unpackedBrowser(): Promise<string> {
  const directory = join(CACHE, `chromium-${version()}`);
  if (!existsSync(directory)) await unpackTo(directory);
  return join(directory, "chromium");
}

async function unpackTo(directory: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const own = await mkdtemp(`${directory}-`);
  try {
    const env = { ...process.env, TMPDIR: own };
    const program = ["--input-type=module", "--eval", UNPACK];
    await promisify(execFile)(process.execPath, program, { cwd: import.meta.dirname, env });
    await rename(own, directory);
  } catch (error) {
    await rm(own, { recursive: true, force: true });
    // Another process may have been sooner.
    if (!existsSync(directory)) throw error;
  }
}

/** Not among the package's exports, so read as a file. */
function version(): string {
  const main = createRequire(import.meta.url).resolve(PACKAGE);
  return JSON.parse(readFileSync(join(dirname(main), "..", "package.json"), "utf8")).version;
}
