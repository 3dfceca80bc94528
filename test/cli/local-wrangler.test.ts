import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { devArguments, isHelp, localWranglerPath, PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";

test("passes every flag on, unchanged and in order", () => {
  const flags = ["--var", "LIVE_ORIGIN:http://localhost:9101", "--port", "1", "--persist-to", "a b"];
  expect(devArguments(flags)).toEqual(["dev", ...flags]);
});

test("listens on 8787 unless a port is named, in either spelling", () => {
  expect(devArguments(["--live-reload"])).toEqual(["dev", "--port", "8787", "--live-reload"]);
  expect(devArguments(["--port=1"])).toEqual(["dev", "--port=1"]);
});

test("finds the project and its wrangler", () => {
  expect(localWranglerPath()).toContain(join(PROJECT_DIRECTORY, "node_modules"));
  expect(existsSync(localWranglerPath())).toBe(true);
  expect(existsSync(join(PROJECT_DIRECTORY, "wrangler.toml"))).toBe(true);
});

test("--help is recognised, so that it creates no secrets", () => {
  expect([["--port", "1", "--help"], ["-h"], ["--port", "1"], []].map(isHelp)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("npm run dev says that it needs origins, and that npm start brings its own", async () => {
  const { stderr, stdout } = await promisify(execFile)(process.execPath, [
    join(PROJECT_DIRECTORY, "src/cli/dev.ts"),
    "--help",
  ]);
  for (const text of ["LIVE_ORIGIN", "SANDBOX_ORIGIN", "http://localhost:9101", "502", "npm start"]) {
    expect(stderr).toContain(text);
  }
  expect(stdout).toContain("--persist-to");
}, 60_000);
