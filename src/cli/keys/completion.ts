// What can follow the words of a command line: commands, options and their values, from the commands themselves. Pure.

import type { Command, Option } from "commander";

export interface Candidate {
  readonly text: string;
  readonly description: string;
}

/** `words`: those before the cursor; the last one is being typed and may be empty. */
export function candidatesFor(program: Command, words: readonly string[]): Candidate[] {
  const current = words.at(-1) ?? "";
  const { command, option } = readWords(program, words.slice(0, -1));
  const candidates =
    option !== null
      ? valuesOf(option, current)
      : current.startsWith("-")
        ? optionsOf(command, program).map(({ long, description }) => ({ text: long ?? "", description }))
        : [...subcommandsOf(command), ...argumentsOf(command)];
  return candidates.filter(({ text }) => text.startsWith(current));
}

/** The command that the words name, and the option whose value comes next; null: none does. */
function readWords(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly option: Option | null } {
  let command = program;
  let option: Option | null = null;
  for (const word of words) {
    if (option !== null) {
      option = null;
      continue;
    }
    option = optionsOf(command, program).find(({ long, required }) => required && long === word) ?? null;
    command = command.commands.find((one) => one.name() === word) ?? command;
  }
  return { command, option };
}

/** Those of the program may follow every command. */
function optionsOf(command: Command, program: Command): readonly Option[] {
  const help = command.createHelp();
  const own = help.visibleOptions(command);
  return command === program ? own : [...own, ...program.options];
}

function subcommandsOf(command: Command): Candidate[] {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((one) => ({ text: one.name(), description: one.summary() || one.description() }));
}

function argumentsOf(command: Command): Candidate[] {
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return choices.map((text) => ({ text, description: "" }));
}

/** Of a list, those that are not in it yet, after the ones that are. */
function valuesOf({ argChoices = [], flags }: Option, current: string): Candidate[] {
  const before = flags.includes("<list>") ? current.slice(0, current.lastIndexOf(",") + 1) : "";
  return argChoices
    .filter((choice) => !before.split(",").includes(choice))
    .map((choice) => ({ text: before + choice, description: "" }));
}
