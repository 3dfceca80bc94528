/**
 * npm run --silent stack < stack.txt
 *
 * Prints a stack trace of the deployed Worker with the places in the source. The map is that of `npm run build`, so
 * check out what was deployed and build it first.
 */
import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { PROJECT_DIRECTORY } from "./local-wrangler.ts";
import { symbolicate } from "./symbolicate.ts";

const MAP = join(PROJECT_DIRECTORY, "dist", "worker.js.map");

const map = await readFile(MAP, "utf8").catch(() => null);
if (map === null) {
  console.error("There is no dist/worker.js.map: run npm run build first.");
  process.exitCode = 1;
} else {
  process.stdout.write(symbolicate(await text(process.stdin), new SourceMap(JSON.parse(map))));
}
