// credential: makes a token with fewer rights than CONTROL_TOKEN, and its entry of CONTROL_CREDENTIALS.
//
// Guarantees that the gateway accepts the entry, that the entry has the token's SHA-256 alone, and that nothing is sent
// or stored.

import { hash, randomBytes } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import * as v from "valibot";
import {
  bindingProps,
  type ControlCredential,
  RESERVED_NAMES,
  RIGHTS,
  type Right,
} from "../../control-credentials.ts";
import { type GlobalOptions, printNote } from "./command-context.ts";
import { UsageError } from "./errors.ts";
import { accountName } from "./option-parsers.ts";

const TOKEN_BYTES = 32;

interface CredentialOptions {
  readonly name: string;
  readonly may: Right[];
  readonly accounts?: string[];
}

export function addCredentialCommand(program: Command): void {
  program
    .command("credential")
    .summary("generate a token with fewer rights, and its entry of CONTROL_CREDENTIALS")
    .description(
      "Generate a token for the control plane with only some rights, and its entry of the gateway's setting CONTROL_CREDENTIALS. The token is printed once; the entry has its SHA-256 alone.",
    )
    .requiredOption(
      "--name <name>",
      "the actor in the event log: 1 to 64 of a-z, 0-9, ., _ and -",
      credentialName,
    )
    .addOption(
      new Option("--may <list>", "rights, separated by commas")
        .choices(RIGHTS)
        .argParser(rightList)
        .makeOptionMandatory(),
    )
    .option(
      "--accounts <list>",
      "only these accounts, separated by commas (default: every account)",
      accountList,
    )
    .addHelpText("after", CREDENTIAL_EXAMPLES)
    .action(credential);
}

function credential({ name, may, accounts }: CredentialOptions, command: Command): void {
  const { json } = command.optsWithGlobals<GlobalOptions>();
  if (accounts === undefined && command.parent?.getOptionValueSource("account") === "cli") {
    throw new UsageError("use --accounts to limit the credential to accounts, not --account");
  }
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const sha256 = hash("sha256", token);
  const entry: ControlCredential = { name, sha256, may, ...(accounts && { accounts }) };
  process.stdout.write(
    json ? `${JSON.stringify({ token, entry })}\n` : `${token}\n\n${JSON.stringify(entry)}\n`,
  );
  printNote(
    "Copy the token now: it is displayed only once. Use it as OCTOPOST_CONTROL_TOKEN, or as a Bearer token.",
  );
  printNote(
    "Add the entry to the JSON list in the gateway's setting CONTROL_CREDENTIALS; from then on the token is valid.",
  );
}

function credentialName(text: string): string {
  if (v.is(bindingProps.entries.name, text)) return text;
  throw new InvalidArgumentError(
    `Use 1 to 64 of a-z, 0-9, ., _ and -, with a letter or digit first, and none of ${RESERVED_NAMES.join(", ")}.`,
  );
}

function rightList(text: string): Right[] {
  const list = text.split(",").map((part) => part.trim());
  const isRight = (one: string): one is Right => (RIGHTS as readonly string[]).includes(one);
  if (list.every(isRight) && new Set(list).size === list.length) return list;
  throw new InvalidArgumentError(
    `Use one or more of these, each once, separated by commas: ${RIGHTS.join(", ")}.`,
  );
}

function accountList(text: string): string[] {
  return text.split(",").map((part) => accountName(part.trim()));
}

const CREDENTIAL_EXAMPLES = `
Examples:
  npm run keys -- credential --name on-call --may keys:revoke
  npm run keys -- credential --name ci-inventory --may keys:read --accounts acme
  npm run --silent keys -- credential --name dashboard --may keys:read,portal --json`;
