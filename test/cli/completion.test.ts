// `keys completion`: what can follow the words of a command line, and the script that asks for it in a real bash.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { candidatesFor } from "../../src/cli/keys/completion.ts";
import { keysProgram } from "../../src/cli/keys/program.ts";
import { runKeys } from "./run-keys.ts";

const run = promisify(execFile);

function candidates(...words: string[]): string[] {
  return candidatesFor(keysProgram(), words).map(({ text }) => text);
}

test.each<[string[], string[]]>([
  [["cr"], ["create", "credential"]],
  [
    ["account", ""],
    ["show", "suspend", "resume", "location", "help"],
  ],
  [["create", "--mo"], ["--mode"]],
  [
    ["create", "--mode", ""],
    ["live", "test"],
  ],
  [
    ["tier", ""],
    ["free", "starter", "pro", "unlimited"],
  ],
  [["completion", "f"], ["fish"]],
  [["create", "--permissions", "posts:w"], ["posts:write"]],
  // Of a list, those that are not in it yet.
  [["create", "--permissions", "posts:read,posts:"], ["posts:read,posts:write"]],
  [["credential", "--may", "keys:read,p"], ["keys:read,portal"]],
  // The value of an option is no command, and an option without known values has none.
  [["--account", "create", "li"], ["list"]],
  [["create", "--name", ""], []],
  [["import", ""], []],
  [["comp"], ["completion"]],
])("after %j: %j", (words, expected) => {
  expect(candidates(...words)).toEqual(expected);
});

test("options of the command, help and the options of every command", () => {
  const options = candidates("revoke-all", "--");
  for (const option of ["--mode", "--dry-run", "--yes", "--help", "--account", "--json"]) {
    expect(options).toContain(option);
  }
  expect(options).not.toContain("--name");
});

test("the script completes in bash, with a colon in the word, and its command is the command line", async () => {
  const { stdout: script } = await runKeys(["completion", "bash"]);
  const line = "octopost-keys create --permissions posts:read,posts:w";
  const { stdout } = await run("bash", [
    "--norc",
    "-c",
    `${script}
COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; _octopost_keys
printf '%s\\n' "\${COMPREPLY[@]}"; octopost-keys completion powershell 2>&1 || echo "exit $?"`,
  ]);
  // bash replaces the part after the last colon of the line: "w".
  expect(stdout.split("\n")).toEqual([
    "write",
    expect.stringContaining("Allowed choices are bash, zsh, fish."),
    "(--help shows the usage)",
    "exit 2",
    "",
  ]);
});

test.each(["zsh", "fish"])(
  "the script for %s defines the command and asks it for candidates",
  async (shell) => {
    const { code, stdout, stderr } = await runKeys(["completion", shell]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/octopost-keys complete -- /);
    expect(stdout).toContain(process.execPath);
  },
);
