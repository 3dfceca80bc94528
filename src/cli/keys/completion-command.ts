// completion: prints a script for bash, zsh or fish that defines `octopost-keys`, which is this command line in every
// directory, and completes it. The script asks the hidden command `complete` for the candidates; nothing is sent.

import { join } from "node:path";
import { Argument, type Command } from "commander";
import { PROJECT_DIRECTORY } from "../local-wrangler.ts";
import { candidatesFor } from "./completion.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .summary("print a script that completes commands in bash, zsh or fish")
    .description(
      "Print a script for the startup file of your shell. It defines octopost-keys, which is npm run keys -- in every directory, and completes its commands, options and values.",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", COMPLETION_EXAMPLES)
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell]);
    });

  program
    .command("complete", { hidden: true })
    .description("Print what can follow these words, one candidate a line, a tab before its description.")
    .argument("[words...]")
    .action((words: string[]) => {
      for (const { text, description } of candidatesFor(program, words)) {
        process.stdout.write(`${text}\t${description}\n`);
      }
    });
}

/** Compiled code is cached, or each completion would compile every source file. */
const KEYS = [
  `NODE_COMPILE_CACHE=${quoted(join(PROJECT_DIRECTORY, "node_modules", ".cache", "keys-command"))}`,
  quoted(process.execPath),
  quoted(join(PROJECT_DIRECTORY, "src", "cli", "keys.ts")),
].join(" ");

/** For bash, zsh and fish. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `octopost-keys() { ${KEYS} "$@"; }
_octopost_keys() {
  local IFS=$'\\n' line="\${COMP_LINE:0:COMP_POINT}" words current
  IFS=' ' read -ra words <<< "$line"
  if [[ $line == *' ' ]]; then words+=(""); fi
  current="\${words[\${#words[@]}-1]}"
  COMPREPLY=($(octopost-keys complete -- "\${words[@]:1}" 2> /dev/null | cut -f 1))
  # bash replaces the part after the last colon only.
  COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
}
complete -o default -F _octopost_keys octopost-keys
`,
  zsh: `octopost-keys() { ${KEYS} "$@"; }
_octopost_keys() {
  local -a lines values displays
  lines=("\${(@f)$(octopost-keys complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ -z $lines[1] ]]; then _files; return; fi
  values=("\${(@)lines%%$'\\t'*}")
  displays=("\${(@)lines/$'\\t'/  }")
  compadd -l -d displays -a values
}
compdef _octopost_keys octopost-keys
`,
  fish: `function octopost-keys; ${KEYS} $argv; end
complete -c octopost-keys -f -a '(octopost-keys complete -- (commandline -opc)[2..] (commandline -ct) 2> /dev/null)'
complete -c octopost-keys -n '__fish_seen_subcommand_from import' -F
`,
};

const COMPLETION_EXAMPLES = `
Examples:
  npm run --silent keys -- completion bash >> ~/.bashrc
  npm run --silent keys -- completion zsh >> ~/.zshrc     below compinit
  npm run --silent keys -- completion fish > ~/.config/fish/conf.d/octopost-keys.fish`;
