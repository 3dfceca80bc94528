// The commands, options and help of `npm run keys`, put together. What the commands do is in the *-commands.ts
// files. Nothing here exits: a mistake on the command line is thrown, as commander's own error.

import { Command, Option, type OutputConfiguration } from "commander";
import { DEFAULT_URL, gatewayUrl } from "./connection.ts";
import { addIssueCommands } from "./create-commands.ts";
import { EXIT_CODES } from "./errors.ts";
import { addImportCommands } from "./import-commands.ts";
import { addUpkeepCommands } from "./maintenance-commands.ts";
import { accountName, headerText } from "./option-parsers.ts";
import { addReadCommands } from "./read-commands.ts";
import { addRevokeCommands } from "./revoke-commands.ts";
import { addChangeCommands } from "./update-commands.ts";

const HELP_WIDTH_COLUMNS = 100;

/** `output`: where help and commander's own complaints go, instead of the standard streams. */
export function keysProgram(output: OutputConfiguration = {}): Command {
  const program = new Command("npm run keys --")
    .description("Manages the API keys of an account, through the control plane of the gateway.")
    .addOption(
      new Option("--url <url>", "where the gateway is")
        .env("OCTOPOST_GATEWAY_URL")
        .default(DEFAULT_URL)
        .argParser(gatewayUrl),
    )
    .addOption(new Option("--account <name>", "whose keys").env("OCTOPOST_ACCOUNT").argParser(accountName))
    .addOption(
      new Option(
        "--actor <text>",
        "who does it, for the events (default: cli: and your user name)",
      ).argParser(headerText),
    )
    .option("--json", "print the API's answer, for scripts (with npm run --silent)")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      ...output,
      getOutHelpWidth: () => HELP_WIDTH_COLUMNS,
      getErrHelpWidth: () => HELP_WIDTH_COLUMNS,
    })
    .showHelpAfterError("(--help shows what it takes)")
    .addHelpText("after", environmentHelp())
    .addHelpText("afterAll", EXIT_CODES);

  addIssueCommands(program);
  addReadCommands(program);
  addChangeCommands(program);
  addRevokeCommands(program);
  addImportCommands(program);
  addUpkeepCommands(program);
  return program;
}

function environmentHelp(): string {
  return `
Environment:
  OCTOPOST_CONTROL_TOKEN  the CONTROL_TOKEN of the gateway; if this is not set and the gateway is on
                          this machine, that of .dev.vars. Never an argument: others can see those.
  OCTOPOST_GATEWAY_URL    as --url
  OCTOPOST_ACCOUNT        as --account

Examples:
  npm run keys -- create --account acme --name "Production Server" --mode live
  npm run keys -- list --account acme
  npm run keys -- revoke key_… --account acme`;
}
