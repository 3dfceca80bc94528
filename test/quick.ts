/**
 * `npm run test:quick`: the tests for the loop while coding, in less than a minute. Every test file of pure functions,
 * which is one that imports nothing that starts a process, and one journey through the built Worker.
 *
 * Arguments are passed on to vitest.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const PROJECT = join(import.meta.dirname, "..");
const JOURNEY = "test/journeys/paths.test.ts";
/** Takes long, or starts processes or servers. */
const SLOW =
  /["'](?:node:child_process|node:net|node:http|miniflare|wrangler|playwright-core|esbuild|fast-check)["']|inject\("workerBundle"\)/;

const files = globSync("test/**/*.test.ts", {
  cwd: PROJECT,
  exclude: ["test/workerd/**", "**/node_modules/**"],
});
const quick = files.filter((file) => !reaches(join(PROJECT, file), new Set()));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "node", JOURNEY, ...quick, ...process.argv.slice(2)],
  { cwd: PROJECT, stdio: "inherit" },
);
process.exitCode = status ?? 1;

/** Whether the file, or a file that it imports, matches SLOW. */
function reaches(file: string, seen: Set<string>): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  if (SLOW.test(text)) return true;
  const imports = [...text.matchAll(/^(?:import|export|\}) [^"]*"(\.[^"\n]+)";$/gm)];
  return imports.some(([, path = ""]) => reaches(join(dirname(file), path), seen));
}
