// The commands, options and help of `npm run keys`; the commands themselves are in the *-commands.ts files. Never exits:
// a usage error is thrown, as an error of commander.

import { Command, Option, type OutputConfiguration } from "commander";
import { addAccountCommands } from "./account-commands.ts";
import { paint } from "./colors.ts";
import { addCompletionCommand } from "./completion-command.ts";
import { DEFAULT_URL, gatewayUrl } from "./connection.ts";
import { addCreateCommands } from "./create-commands.ts";
import { addCredentialCommand } from "./credential-command.ts";
import { EXIT_CODES } from "./errors.ts";
import { addImportCommands } from "./import-commands.ts";
import { addMaintenanceCommands } from "./maintenance-commands.ts";
import { accountName, headerText } from "./option-parsers.ts";
import { addPageCommands } from "./page-commands.ts";
import { addReadCommands } from "./read-commands.ts";
import { addRevokeCommands } from "./revoke-commands.ts";
import { redactKeys } from "./text-format.ts";
import { addUpdateCommands } from "./update-commands.ts";

const HELP_MAX_COLUMNS = 100;

/** `output`: replaces the standard streams for help and commander's own errors. */
export function keysProgram(output: OutputConfiguration = {}): Command {
  const program = new Command("npm run keys --")
    .description("Manage the API keys of an account through the control plane of the gateway.")
    .addOption(
      new Option("--url <url>", "the gateway's URL")
        .env("OCTOPOST_GATEWAY_URL")
        .default(DEFAULT_URL)
        .argParser(gatewayUrl),
    )
    .addOption(
      new Option("--account <name>", "the account that owns the keys")
        .env("OCTOPOST_ACCOUNT")
        .argParser(accountName),
    )
    .addOption(
      new Option(
        "--actor <text>",
        "who you are, for the event log (default: cli: and your user name)",
      ).argParser(headerText),
    )
    .option("--json", "print the API's answer as JSON, for scripts (with npm run --silent)")
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 20,
      styleTitle: (title) => paint("bold", title),
    })
    .configureOutput({
      // Commander repeats the arguments that it does not expect.
      outputError: (text, write) => write(redactKeys(text)),
      ...output,
      getOutHelpWidth: () => helpColumns(process.stdout),
      getErrHelpWidth: () => helpColumns(process.stderr),
    })
    .showHelpAfterError("(--help shows the usage)")
    .addHelpText("after", environmentHelp())
    .addHelpText("afterAll", EXIT_CODES);

  addCreateCommands(program);
  addReadCommands(program);
  addUpdateCommands(program);
  addAccountCommands(program);
  addRevokeCommands(program);
  addImportCommands(program);
  addPageCommands(program);
  addCredentialCommand(program);
  addMaintenanceCommands(program);
  addCompletionCommand(program);
  return program;
}

function helpColumns({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? Math.min(columns, HELP_MAX_COLUMNS) : HELP_MAX_COLUMNS;
}

function environmentHelp(): string {
  return `
Environment:
  OCTOPOST_CONTROL_TOKEN  the CONTROL_TOKEN of the gateway, or the token of a credential; for a gateway
                          on this machine it defaults to the CONTROL_TOKEN in .dev.vars. It is not an
                          option, because other users of this machine can see command lines.
  OCTOPOST_GATEWAY_URL    default of --url
  OCTOPOST_ACCOUNT        default of --account
  HTTPS_PROXY, NO_PROXY   the HTTP proxy, and the hosts that are called directly

Examples:
  npm run keys -- create --account acme --name "Production Server" --mode live
  npm run keys -- list --account acme
  npm run keys -- revoke key_… --account acme`;
}
