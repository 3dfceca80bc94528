import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { devArguments, isHelp, localWranglerPath, PROJECT_DIRECTORY } from "../../src/cli/local-wrangler.ts";

test("passes every flag on, unchanged and in order", () => {
  const flags = ["--var", "LIVE_ORIGIN:http://localhost:9101", "--port", "1", "--persist-to", "a b"];
  expect(devArguments(flags).slice(-flags.length)).toEqual(flags);
});

const publicOrigin = (value: string) => ["--var", `PUBLIC_ORIGIN:${value}`];

test("listens on 8787 unless a port is named, and is reached there, in either spelling", () => {
  const ofPort = (port: number) => publicOrigin(`http://localhost:${port}`);
  expect(devArguments(["--live-reload"])).toEqual([
    "dev",
    "--port",
    "8787",
    ...ofPort(8787),
    "--live-reload",
  ]);
  expect(devArguments(["--port=9100"])).toEqual(["dev", ...ofPort(9100), "--port=9100"]);
  expect(devArguments(["--port", "9100"])).toEqual(["dev", ...ofPort(9100), "--port", "9100"]);
  expect(devArguments(["--port=1", "--local-protocol=https"])[2]).toBe("PUBLIC_ORIGIN:https://localhost:1");
});

test.each<[string, string[], Record<string, string>]>([
  ["a flag", ["--port", "9100", ...publicOrigin("https://dev.example")], {}],
  ["a flag in one word", ["--port", "9100", "--var=PUBLIC_ORIGIN:https://dev.example"], {}],
  ["a flag with several", ["--port", "9100", "--var", "A:b", "PUBLIC_ORIGIN:https://dev.example"], {}],
  [".dev.vars", ["--port", "9100"], { PUBLIC_ORIGIN: "https://dev.example" }],
  ["no port that is known before the start", ["--port", "0"], {}],
])("PUBLIC_ORIGIN does not follow the port with %s", (_, flags, vars) => {
  expect(devArguments(flags, vars)).toEqual(["dev", ...flags]);
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
