// revoke, revoke-all: ending keys, for good.
//
// Guarantees that a person is shown which keys end and asked before anything is sent, unless --yes. When the
// command says "dead everywhere", the gateway has waited for it to be so.

import { type Command, Option } from "commander";
import { listKeys, revokeAll as revokeAllOperation, revokeKey } from "../../control/operations/keys.ts";
import type { ApiKey } from "../../keys/api-key.ts";
import { commandContext } from "./command-context.ts";
import type { ControlPlane } from "./control-plane.ts";
import { keyInWords } from "./key-format.ts";
import { keyId, timeAgo } from "./option-parsers.ts";
import { fetchAllPages } from "./pagination.ts";
import { confirm, requireSomebodyToAsk, yesOption } from "./prompts.ts";
import { fetchKey } from "./read-commands.ts";
import { count, printable, readableMs, readableTime } from "./text-format.ts";

const NAMED_MAX_KEYS = 20;

interface RevokeOptions {
  readonly reason?: string;
  readonly yes?: boolean;
}

interface RevokeAllOptions {
  readonly mode?: string;
  readonly createdBefore?: string;
  readonly yes?: boolean;
}

export function addRevokeCommands(program: Command): void {
  program
    .command("revoke")
    .summary("end a key at once, everywhere, for good")
    .description(
      "End a key for good. When this is done no request with it succeeds anywhere; those in flight have failed with 401.",
    )
    .argument("<id>", "the key's id")
    .option("--reason <text>", "for the events, 1 to 500 characters")
    .addOption(yesOption())
    .addHelpText("after", REVOKE_EXAMPLES)
    .action(revoke);

  program
    .command("revoke-all")
    .summary("end every key of the account, or those of a mode or an age")
    .description("End every key of the account for good, or those of a mode or an age.")
    .addOption(new Option("--mode <mode>", "only these").choices(["live", "test"]))
    .option("--created-before <when>", "only those made before a time, a date or so long ago (90d)", (text) =>
      timeAgo(text),
    )
    .addOption(yesOption())
    .addHelpText("after", REVOKE_ALL_EXAMPLES)
    .action(revokeAll);
}

async function revoke(id: string, { reason, yes }: RevokeOptions, command: Command): Promise<void> {
  keyId(id);
  requireSomebodyToAsk(yes);
  const context = commandContext(command);
  if (!yes) {
    const key = await fetchKey(context.gateway, id);
    await confirm(
      `Revoke ${printable(keyInWords(key))}?\nIt stops working at once, for requests in flight too, and for good.`,
    );
  }
  const body = reason === undefined ? {} : { reason };
  const key = await context.gateway.call(revokeKey, { id, body });
  const took = `${readableMs(key.waited_ms)}, of ${readableMs(key.lease_bound_ms)} at the most`;
  context.print(
    key,
    `Revoked ${key.id} "${printable(key.name)}".\n` +
      `Dead everywhere since ${readableTime(key.effective_at, "")}; that took ${took}.\n`,
  );
}

async function revokeAll(options: RevokeAllOptions, command: Command): Promise<void> {
  const { mode, createdBefore, yes } = options;
  requireSomebodyToAsk(yes);
  const context = commandContext(command);
  if (!yes) {
    const keys = await matchingKeys(context.gateway, options);
    if (keys.length > 0) await confirm(questionAbout(keys));
  }
  const answer = await context.gateway.call(revokeAllOperation, {
    body: { ...(mode && { mode }), ...(createdBefore && { created_before: createdBefore }) },
  });
  context.print(
    answer,
    `Revoked ${count(answer.revoked, "key")}.\nDead everywhere since ${readableTime(answer.effective_at, "")}.\n`,
  );
}

async function matchingKeys(gateway: ControlPlane, filter: RevokeAllOptions): Promise<ApiKey[]> {
  const { keys } = await fetchAllPages(gateway, listKeys, "keys", {});
  const before =
    filter.createdBefore === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.createdBefore);
  return keys.filter(
    ({ mode, created_at }) =>
      (filter.mode === undefined || mode === filter.mode) && Date.parse(created_at) < before,
  );
}

function questionAbout(keys: readonly ApiKey[]): string {
  const named = keys.slice(0, NAMED_MAX_KEYS).map((key) => `  ${printable(keyInWords(key))}`);
  if (keys.length > named.length) named.push(`  and ${count(keys.length - named.length, "more", "more")}`);
  return [`Revoke ${count(keys.length, "key")}?`, ...named, "They stop working at once, and for good."].join(
    "\n",
  );
}

const REVOKE_EXAMPLES = `
Examples:
  npm run keys -- revoke key_… --account acme
  npm run keys -- revoke key_… --account acme --reason "found in a public repository" --yes`;

const REVOKE_ALL_EXAMPLES = `
Examples:
  npm run keys -- revoke-all --account acme
  npm run keys -- revoke-all --account acme --mode test --created-before 90d --yes`;
