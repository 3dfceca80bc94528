/**
 * Every command in the README, docs and wrangler.toml exists: subcommands and flags of the installed wrangler, scripts of
 * package.json, commands of `npm run keys`. Nothing is executed.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { experimental_getWranglerCommands } from "wrangler";
import { keysProgram } from "../src/cli/keys/program.ts";
import { PROJECT_DIRECTORY } from "../src/cli/local-wrangler.ts";
import { PAGES } from "./docs/pages.ts";

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

const { registry, globalFlags } = experimental_getWranglerCommands();

/** The names of a command's flags, and of those of every command; null for an unknown command or a group of commands. */
function flagsOfWrangler(words: string): string[] | null {
  let node: typeof registry | undefined = registry;
  for (const word of words.split(" ")) node = node?.subtree.get(word);
  const { definition } = node ?? {};
  return definition?.type === "command"
    ? [...Object.keys(definition.args ?? {}), ...Object.keys(globalFlags)]
    : null;
}

describe("wrangler has", () => {
  test.each(wranglerCommands)("$words $flags", ({ words, flags }) => {
    const known = flagsOfWrangler(words);
    expect(known).not.toBeNull();
    for (const flag of flags) expect(known).toContain(flag);
  });

  test("no command of another name, and none that is a group of commands", () => {
    expect(flagsOfWrangler("depoly")).toBeNull();
    expect(flagsOfWrangler("versions")).toBeNull();
  });
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
