/**
 * npm run --silent stack < stack.txt
 *
 * Symbolicates a stack trace of the deployed Worker with the source map of `npm run build`. The map fits only the
 * version that was deployed: check it out and build it first.
 */
import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PROJECT_DIRECTORY } from "./local-wrangler.ts";
import { symbolicate } from "./symbolicate.ts";

const SOURCE_MAP = join(PROJECT_DIRECTORY, "dist", "worker.js.map");

const map = await readFile(SOURCE_MAP, "utf8").catch(() => null);
if (map === null) {
  console.error("dist/worker.js.map does not exist: run npm run build first.");
  process.exitCode = 1;
} else {
  process.stdout.write(symbolicate(await text(process.stdin), new SourceMap(JSON.parse(map))));
}
