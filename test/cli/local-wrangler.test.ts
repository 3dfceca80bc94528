import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { devArguments, localWranglerPath, PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";

test("passes every flag on untouched and in order", () => {
  const flags = ["--var", "LIVE_ORIGIN:http://localhost:9101", "--port", "1", "--persist-to", "a b"];
  expect(devArguments(flags)).toEqual(["dev", ...flags]);
});

test("listens on 8787 unless a port is named, in either spelling", () => {
  expect(devArguments(["--live-reload"])).toEqual(["dev", "--port", "8787", "--live-reload"]);
  expect(devArguments(["--port=1"])).toEqual(["dev", "--port=1"]);
});

test("finds the wrangler of this project, and the project", () => {
  expect(localWranglerPath()).toContain(join(PROJECT_DIRECTORY, "node_modules"));
  expect(existsSync(localWranglerPath())).toBe(true);
  expect(existsSync(join(PROJECT_DIRECTORY, "wrangler.toml"))).toBe(true);
});
