// The options of `npm run keys`: accepted and refused values, before anything is sent.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlToken, defaultActor, gatewayUrl, isLocal } from "../../src/cli/keys/connection.ts";
import { exitCodeOf } from "../../src/cli/keys/errors.ts";
import { overlapSeconds, timeAgo, timeAhead } from "../../src/cli/keys/option-parsers.ts";
import { keysProgram } from "../../src/cli/keys/program.ts";

const ID = `key_${"0".repeat(22)}`;
const CREATE = ["create", "--name", "a", "--mode", "live"];
const NOW = Date.parse("2026-03-01T12:00:00Z");

const COMMANDS = [
  ...["create", "rotate", "list", "show", "events", "rename", "reschedule", "tier"],
  ...["revoke", "revoke-all", "find", "import", "hash", "page", "health", "credential", "completion"],
];

/** Runs a command line that must fail before a request, and returns its exit code and output. */
async function refusalOf(args: readonly string[]): Promise<{ exitCode: number | null; text: string }> {
  let text = "";
  const program = keysProgram({
    writeOut: (part) => {
      text += part;
    },
    writeErr: (part) => {
      text += part;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    return { exitCode: exitCodeOf(error), text: text || (error as Error).message };
  }
  throw new Error("the command did not fail");
}

describe("a usage error", () => {
  test.each<[string, string[], RegExp]>([
    ["an unknown command", ["lst"], /unknown command 'lst'\n\(Did you mean list\?\)/],
    ["no name", ["create", "--mode", "live"], /'--name <name>' not specified/],
    ["no mode", ["create", "--name", "a"], /'--mode <mode>' not specified/],
    ["an unknown mode", ["create", "--name", "a", "--mode", "both"], /Allowed choices are live, test/],
    [
      "an unknown permission",
      [...CREATE, "--permissions", "posts:all"],
      /posts:read, posts:write, accounts:read/,
    ],
    ["a permission twice", [...CREATE, "--permissions", "posts:read,posts:read"], /each once/],
    ["no permission", [...CREATE, "--permissions", ""], /Leave it out for full access/],
    ["a permission from the prototype", [...CREATE, "--permissions", "toString"], /each once/],
    ["a time without a zone", [...CREATE, "--expires", "2099-01-01T00:00:00"], /a time with its zone/],
    ["a day that does not exist", [...CREATE, "--expires", "2099-02-30"], /a time with its zone/],
    ["a bare number as a time", [...CREATE, "--expires", "2099"], /a time with its zone/],
    ["an overlap beyond 30 days", ["rotate", ID, "--overlap", "31d"], /at most 30d/],
    ["a negative overlap", ["rotate", ID, "--overlap", "-1"], /at most 30d/],
    ["an account with a slash", ["list", "--account", "../acct"], /1 to 64 letters/],
    ["an account of 65 characters", ["list", "--account", "a".repeat(65)], /1 to 64 letters/],
    ["a limit of 0", ["list", "--limit", "0"], /a whole number from 1 up/],
    ["an actor with a line end", ["list", "--actor", "a\nb"], /printable ASCII/],
    ["an argument too many", ["list", "more"], /too many arguments/],
    ["no key id", ["show"], /missing required argument 'id'/],
    ["a key id of another shape", ["show", "--account", "a", "key_1"], /key_ and 22 letters or digits/],
    ["a token as an argument", ["list", "--token", "x"], /unknown option '--token'/],
    ["a filter that revoke-all does not know", ["revoke-all", "--name", "a"], /unknown option '--name'/],
    ["a label without a value", ["list", "--label", "team"], /Use name=value, such as team=billing/],
    ["no change", ["update", ID], /name a change: --name, --permissions, /],
    ["an unknown right", ["credential", "--name", "a", "--may", "keys:all"], /keys:read, .*, operate\./],
    ["a reserved name", ["credential", "--name", "github", "--may", "keys:read"], /none of control_token/],
    ["an unknown location", ["account", "location", "mars"], /Allowed choices are wnam, .*, me\./],
    ["an unknown state", ["list", "--state", "dead"], /Allowed choices are active, /],
    ["an unknown action", ["events", "--action", "made"], /Allowed choices are created, /],
    ["a tier and numbers", ["tier", "pro", "--publish-per-hour", "1"], /a tier, or both/],
    ["half of the numbers", ["tier", "--publish-per-hour", "1"], /a tier, or both/],
  ])("%s: exit code 2 and the cause", async (_, args, why) => {
    const { exitCode, text } = await refusalOf(args);
    expect(exitCode).toBe(2);
    expect(text).toMatch(why);
  });

  test.each([["show"], ["revoke", "--yes"], ["rename", "x"], ["rotate"], ["reschedule", "7d"]])(
    "a key in place of its id is not printed (%s)",
    async (command, ...rest) => {
      const secret = `oct_live_${"x".repeat(46)}`;
      const { exitCode, text } = await refusalOf([command, secret, ...rest]);
      expect(exitCode).toBe(2);
      expect(text).toMatch(/not its id/);
      expect(text).not.toContain(secret);
    },
  );
});

describe("--help", () => {
  test("lists every command, the environment and the exit codes", async () => {
    const { exitCode, text } = await refusalOf(["--help"]);
    expect(exitCode).toBe(0);
    for (const command of COMMANDS) expect(text).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    for (const name of ["OCTOPOST_CONTROL_TOKEN", ".dev.vars", "OCTOPOST_GATEWAY_URL", "OCTOPOST_ACCOUNT"]) {
      expect(text).toContain(name);
    }
  });

  test.each(COMMANDS)("of %s has an example, the options for all, and the exit codes", async (command) => {
    const { exitCode, text } = await refusalOf([command, "--help"]);
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^Examples?:$/m);
    expect(text).toContain(`keys -- ${command}`);
    for (const option of ["--account", "--url", "--json"]) expect(text).toContain(option);
    for (const code of [0, 1, 2, 3]) expect(text).toMatch(new RegExp(`^ {2}${code} {2}\\w`, "m"));
  });
});

describe("times and durations", () => {
  test.each([
    ["2027-01-31", "2027-01-31T00:00:00.000Z"],
    ["2027-01-31T12:00Z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31t12:00:00z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31 12:00Z", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31T12:00:30.5+02:00", "2027-01-31T10:00:30.500Z"],
    ["90d", "2026-05-30T12:00:00.000Z"],
    ["2w", "2026-03-15T12:00:00.000Z"],
    ["36h", "2026-03-03T00:00:00.000Z"],
    ["30m", "2026-03-01T12:30:00.000Z"],
    ["45s", "2026-03-01T12:00:45.000Z"],
  ])("%s is %s", (text, time) => {
    expect(timeAhead(text, NOW)).toBe(time);
  });

  test.each([
    "",
    " 1d",
    "1",
    "1.5d",
    "-1d",
    "1y",
    "never",
    "2027-1-1",
    "2027-01-31T12:00",
    "2027-13-01",
    "2027-01-01T25:00Z",
    "999999999w",
  ])("%j is not a time", (text) => {
    expect(() => timeAhead(text, NOW)).toThrow("a time with its zone");
  });

  test("an age is in the past, and an overlap is in seconds", () => {
    expect(timeAgo("90d", NOW)).toBe("2025-12-01T12:00:00.000Z");
    expect(timeAgo("2025-01-01", NOW)).toBe("2025-01-01T00:00:00.000Z");
    expect(["0", "3600", "7d", "30d"].map(overlapSeconds)).toEqual([0, 3600, 604_800, 2_592_000]);
  });
});

describe("the gateway's URL", () => {
  test.each([
    ["http://localhost:8787/", "http://localhost:8787"],
    ["http://127.0.0.1:80", "http://127.0.0.1"],
    ["http://[::1]:8787", "http://[::1]:8787"],
    ["https://API.octopost.ink", "https://api.octopost.ink"],
  ])("%s is %s", (text, origin) => {
    expect(gatewayUrl(text)).toBe(origin);
  });

  test.each([
    "http://gateway.example",
    "http://localhost.example",
    "http://127.0.0.1.example",
    "http://10.0.0.1:8787",
  ])("%s is refused, since the token could be read on the network", (text) => {
    expect(() => gatewayUrl(text)).toThrow("https");
  });

  test.each([
    "",
    "localhost:8787",
    "ftp://localhost",
    "https://a.example/v1",
    "https://a.example/?x",
    "https://me:pw@a.example",
  ])("%j is not an origin", (text) => {
    expect(() => gatewayUrl(text)).toThrow("host and port only");
  });
});

describe("the control token", () => {
  let directory: string;
  let devVars: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "keys-test-"));
    devVars = join(directory, ".dev.vars");
    await writeFile(devVars, "KEY_PEPPER=p\nCONTROL_TOKEN=of-this-machine\n");
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("comes from the environment first", () => {
    const environment = { OCTOPOST_CONTROL_TOKEN: "mine" };
    const mine = { text: "mine", source: "OCTOPOST_CONTROL_TOKEN" };
    expect(controlToken("http://localhost:8787", environment, devVars)).toEqual(mine);
    expect(controlToken("https://api.octopost.ink", environment, devVars)).toEqual(mine);
  });

  test("comes from .dev.vars for a gateway on this machine only", () => {
    for (const origin of ["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"]) {
      expect(isLocal(origin)).toBe(true);
      expect(controlToken(origin, { OCTOPOST_CONTROL_TOKEN: "" }, devVars)).toEqual({
        text: "of-this-machine",
        source: ".dev.vars",
      });
    }
    expect(() => controlToken("https://api.octopost.ink", {}, devVars)).toThrow("set OCTOPOST_CONTROL_TOKEN");
  });

  test("missing or malformed is an error that does not contain it", () => {
    expect(() => controlToken("http://localhost:8787", {}, join(directory, "none"))).toThrow("npm run dev");
    for (const token of ["to ken", "token\n", "tök"]) {
      const read = () => controlToken("http://localhost:8787", { OCTOPOST_CONTROL_TOKEN: token }, devVars);
      expect(read).toThrow(/^(?!.*(token\n|to ken|tök))/s);
    }
  });
});

test("the default actor is a valid header value", () => {
  expect(defaultActor()).toMatch(/^cli:[\x21-\x7e]{1,96}$/);
});
