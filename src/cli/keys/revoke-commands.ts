// revoke, revoke-all: the commands that revoke keys, which cannot be undone.
//
// Guarantees that without --yes a person sees which keys are revoked and confirms it before anything is changed.
// "Revoked everywhere" is printed only after the gateway has reported the time from which it holds.

import { type Command, Option } from "commander";
import { listKeys, revokeAll as revokeAllOperation, revokeKey } from "../../control/operations/keys.ts";
import { identifyKey, revokeByPossession } from "../../control/operations/possession.ts";
import type { ApiKey, RevokedKey } from "../../keys/api-key.ts";
import { commandContext, possessionContext, printNote } from "./command-context.ts";
import type { ControlPlaneClient } from "./control-plane-client.ts";
import { RefusedError, UnreachableError, UsageError } from "./errors.ts";
import { keyLabel, keyTable } from "./key-format.ts";
import { readKey } from "./key-input.ts";
import { keyId, timeAgo } from "./option-parsers.ts";
import { fetchAllPages } from "./pagination.ts";
import { confirm, isInteractive, requireConfirmation, yesOption } from "./prompts.ts";
import { fetchKey } from "./read-commands.ts";
import { count, printable, readableMs, readableTime } from "./text-format.ts";

const LISTED_MAX_KEYS = 20;

interface RevokeOptions {
  readonly secretStdin?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

interface RevokeAllOptions {
  readonly dryRun?: boolean;
  readonly mode?: string;
  readonly createdBefore?: string;
  readonly yes?: boolean;
}

export function addRevokeCommands(program: Command): void {
  program
    .command("revoke")
    .summary("revoke a key immediately, everywhere")
    .description(
      "Revoke a key. When the command ends, no request with it succeeds anywhere, and requests in flight have failed with 401. This cannot be undone.",
    )
    .argument("[id]", "the key's id")
    .option(
      "--secret-stdin",
      "revoke the key whose text is on standard input; needs no account, no token and, piped, no --yes",
    )
    .option("--reason <text>", "the reason in the event log, 1 to 500 characters")
    .addOption(yesOption())
    .addHelpText("after", REVOKE_EXAMPLES)
    .action(revoke);

  program
    .command("revoke-all")
    .summary("revoke all keys of the account, or those of a mode or an age")
    .description("Revoke all keys of the account, or those of a mode or an age. This cannot be undone.")
    .addOption(new Option("--mode <mode>", "only keys of this mode").choices(["live", "test"]))
    .option(
      "--created-before <when>",
      "only keys created before a time, a date, or a duration ago (90d)",
      (text) => timeAgo(text),
    )
    .option("--dry-run", "list the keys that would be revoked, and revoke nothing")
    .addOption(yesOption())
    .addHelpText("after", REVOKE_ALL_EXAMPLES)
    .action(revokeAll);
}

async function revoke(id: string | undefined, options: RevokeOptions, command: Command): Promise<void> {
  const { secretStdin } = options;
  if ((id === undefined) === (secretStdin === undefined)) {
    throw new UsageError(
      "name the key by its id, or use --secret-stdin and write its text to standard input",
    );
  }
  if (id === undefined) await revokeByText(options, command);
  else await revokeById(keyId(id), options, command);
}

async function revokeById(id: string, { reason, yes }: RevokeOptions, command: Command): Promise<void> {
  requireConfirmation(yes);
  const context = commandContext(command);
  if (!yes) await confirm(questionAbout(await fetchKey(context.gateway, id)));
  const body = reason === undefined ? {} : { reason };
  const key = await context.gateway.call(revokeKey, { id, body });
  requireRevoked(context.gateway, key, id);
  const waited = `${readableMs(key.waited_ms)} (at most ${readableMs(key.lease_bound_ms)})`;
  context.print(
    key,
    `Revoked ${key.id} "${printable(key.name)}".\n` +
      `Revoked everywhere since ${readableTime(key.effective_at)}, after ${waited}.\n`,
  );
}

/** Piping the text of a key is deliberate: only at a terminal is it confirmed. */
async function revokeByText({ reason, yes }: RevokeOptions, command: Command): Promise<void> {
  if (reason !== undefined) {
    throw new UsageError("--reason needs the key's id: with --secret-stdin, no reason is stored");
  }
  const context = possessionContext(command);
  const body = { secret: await readKey() };
  if (!yes && isInteractive()) {
    await confirm(questionAbout(await context.gateway.call(identifyKey, { body })));
  }
  const answer = await context.gateway.call(revokeByPossession, { body }).catch((error) => {
    // A lost answer or a fault of the gateway leaves the outcome unknown.
    if (error instanceof RefusedError && error.status < 500) error.notes.push("Nothing was revoked.");
    throw error;
  });
  requireRevoked(context.gateway, answer);
  context.print(
    answer,
    `Revoked ${answer.id}.\n` +
      `Revoked everywhere since ${readableTime(answer.effective_at)}, after ${readableMs(answer.waited_ms)}.\n`,
  );
}

type Revocation = Pick<RevokedKey, "id" | "effective_at" | "waited_ms">;

/** A status of 200 alone is no proof: a proxy or another server can answer it too. */
function requireRevoked(
  { origin }: ControlPlaneClient,
  answer: Partial<Revocation>,
  id = answer.id,
): asserts answer is Revocation {
  const { effective_at, waited_ms } = answer;
  if (
    id !== undefined &&
    answer.id === id &&
    typeof effective_at === "string" &&
    typeof waited_ms === "number"
  ) {
    return;
  }
  throw new UnreachableError(
    `${origin} did not confirm the revocation: the key may still work`,
    "not_the_gateway",
  );
}

async function revokeAll(options: RevokeAllOptions, command: Command): Promise<void> {
  const { mode, createdBefore, dryRun, yes } = options;
  if (!dryRun) requireConfirmation(yes);
  const context = commandContext(command);
  if (dryRun) {
    const keys = await matchingKeys(context.gateway, options);
    context.print({ keys, next_cursor: null }, keyTable(keys, context.terminalColumns));
    printNote(`${count(keys.length, "key")} would be revoked. Nothing was revoked.`);
    return;
  }
  if (!yes) {
    const keys = await matchingKeys(context.gateway, options);
    if (keys.length > 0) await confirm(questionAboutAll(keys));
  }
  const answer = await context.gateway.call(revokeAllOperation, {
    body: { ...(mode && { mode }), ...(createdBefore && { created_before: createdBefore }) },
  });
  context.print(
    answer,
    `Revoked ${count(answer.revoked, "key")}.\nRevoked everywhere since ${readableTime(answer.effective_at)}.\n`,
  );
}

async function matchingKeys(gateway: ControlPlaneClient, filter: RevokeAllOptions): Promise<ApiKey[]> {
  const { keys } = await fetchAllPages(gateway, listKeys, "keys", {});
  const before =
    filter.createdBefore === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.createdBefore);
  return keys.filter(
    ({ mode, created_at }) =>
      (filter.mode === undefined || mode === filter.mode) && Date.parse(created_at) < before,
  );
}

function questionAbout(key: ApiKey): string {
  const consequence = "It stops working immediately, for requests in flight too. This cannot be undone.";
  return `Revoke ${printable(keyLabel(key))}?\n${consequence}`;
}

function questionAboutAll(keys: readonly ApiKey[]): string {
  const listed = keys.slice(0, LISTED_MAX_KEYS).map((key) => `  ${printable(keyLabel(key))}`);
  if (keys.length > listed.length) listed.push(`  and ${count(keys.length - listed.length, "more", "more")}`);
  const consequence = "They stop working immediately. This cannot be undone.";
  return [`Revoke ${count(keys.length, "key")}?`, ...listed, consequence].join("\n");
}

const REVOKE_EXAMPLES = `
Examples:
  npm run keys -- revoke key_… --account acme
  npm run keys -- revoke key_… --account acme --reason "found in a public repository" --yes
  npm run keys -- revoke --secret-stdin < leaked-key.txt`;

const REVOKE_ALL_EXAMPLES = `
Examples:
  npm run keys -- revoke-all --account acme
  npm run keys -- revoke-all --account acme --mode test --created-before 90d --dry-run
  npm run keys -- revoke-all --account acme --mode test --created-before 90d --yes`;
