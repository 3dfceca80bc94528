/**
 * Every command in the README, docs and wrangler.toml exists: subcommands and flags of the installed wrangler, scripts of
 * package.json, commands of `npm run keys`. Only `--help` is executed.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { keysProgram } from "../src/cli/keys/program.ts";
import { localWranglerPath, OFFLINE_ENVIRONMENT, PROJECT_DIRECTORY } from "../src/cli/local-wrangler.ts";
import { PAGES } from "./docs/pages.ts";

const HELP_LIMIT_MS = 60_000;

const pages = ["wrangler.toml", ...PAGES]
  .map((name) => readFileSync(join(PROJECT_DIRECTORY, name), "utf8"))
  // A command may continue on the next line.
  .map((text) => text.replaceAll(/\\\n\s*/g, " "))
  .join("\n");

/** The text after `start` up to the end of the command: a backtick, a pipe, a comment, the end of the line. */
function commandsAfter(start: RegExp): string[] {
  const found = [...pages.matchAll(new RegExp(`${start.source}([^\\n\`|;#&]*)`, "g"))];
  return [...new Set(found.map(([, rest = ""]) => rest.trim()))];
}

const flagsOf = (command: string) =>
  [...command.matchAll(/(?:^|\s)--([a-z][a-z-]*)/g)].map(([, flag]) => flag as string);
const wordsOf = (command: string) => /^[a-z][a-z ]*(?= |$)/.exec(command)?.[0] ?? "";

/** The named subcommands of wrangler, each with its flags. */
const wranglerCommands = [...Map.groupBy(commandsAfter(/\bnpx wrangler /).filter(wordsOf), wordsOf)].map(
  ([words, commands]) => ({ words, flags: [...new Set(commands.flatMap(flagsOf))] }),
);

describe("wrangler has", () => {
  test.each(wranglerCommands)(
    "$words $flags",
    async ({ words, flags }) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [localWranglerPath(), ...words.split(" "), "--help"],
        {
          env: { ...process.env, ...OFFLINE_ENVIRONMENT, WRANGLER_HIDE_BANNER: "true", NO_COLOR: "1" },
          timeout: HELP_LIMIT_MS,
        },
      );
      expect(stdout).toMatch(/^wrangler [a-z]/);
      // The help of a group lists its commands, so an unknown command would print that list.
      expect(stdout).not.toMatch(/^COMMANDS$/m);
      for (const flag of flags) expect(stdout).toMatch(new RegExp(`--${flag}\\b`));
    },
    HELP_LIMIT_MS,
  );
});

test("the pages name some wrangler commands", () => {
  expect(wranglerCommands.length).toBeGreaterThan(2);
});

test("every `npm run …` is a script", () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT_DIRECTORY, "package.json"), "utf8"));
  const named = commandsAfter(/\bnpm run (?:--silent )?/).map((command) => command.split(/[\s,.)]/)[0]);
  expect(named.filter((name) => name !== "" && !((name as string) in scripts))).toEqual([]);
});

test("every `npm run keys -- …` is an existing command with existing flags", () => {
  const program = keysProgram();
  const known = new Map(program.commands.map((command) => [command.name(), command]));
  for (const named of commandsAfter(/\bkeys -- /)) {
    const [name = ""] = named.split(/\s/);
    if (!/^[a-z-]+$/.test(name)) continue;
    expect([...known.keys()]).toContain(name);
    const flags = [...(known.get(name)?.options ?? []), ...program.options].map(({ long }) => long);
    for (const flag of flagsOf(named)) expect([...flags, "--help"]).toContain(`--${flag}`);
  }
});
