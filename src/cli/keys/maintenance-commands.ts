// assertion-key, health, rebuild-kv: the commands for the operator of the gateway.

import type { Command } from "commander";
import type { AnswerOf } from "../../control/operation.ts";
import {
  health as healthOperation,
  rebuildKv as rebuildKvOperation,
} from "../../control/operations/upkeep.ts";
import { newAssertionKey } from "../assertion-key.ts";
import { commandContext, gatewayContext, printNote } from "./command-context.ts";
import { RefusedError } from "./errors.ts";
import { fields } from "./table.ts";

export function addMaintenanceCommands(program: Command): void {
  program
    .command("assertion-key")
    .summary("generate a key for ASSERTION_KEY")
    .description(
      "Generate the key that signs X-Octopost-Assertion: a private Ed25519 JWK. It is printed and stored nowhere.",
    )
    .addHelpText(
      "after",
      "\nExample:\n  npm run --silent keys -- assertion-key | npx wrangler secret put ASSERTION_KEY --env production",
    )
    .action(() => {
      process.stdout.write(`${JSON.stringify(newAssertionKey())}\n`);
    });

  program
    .command("health")
    .summary("show whether the gateway reaches its stores")
    .description(
      "Show how long a round trip to KV and to a ledger takes. Needs the right operate, and no account.",
    )
    .addHelpText("after", "\nExample:\n  npm run keys -- health --url https://api.octopost.ink")
    .action(health);

  program
    .command("rebuild-kv")
    .summary("write the account's KV entries again")
    .description(
      "Write the account's KV entries again from its ledger. Safe to repeat: revoked keys stay revoked.",
    )
    .addHelpText("after", "\nExample:\n  npm run keys -- rebuild-kv --account acme")
    .action(rebuildKv);
}

async function health(_options: object, command: Command): Promise<void> {
  const context = gatewayContext(command);
  const answer = await context.gateway.call(healthOperation).catch((error) => {
    if (error instanceof RefusedError && error.body.details?.status !== undefined)
      error.notes.push("A store with null did not answer in time (LEDGER_TIMEOUT_MS).");
    throw error;
  });
  const { status, kv_ms, ledger_ms } = answer;
  context.print(
    answer,
    fields({ gateway: context.gateway.origin, status, KV: `${kv_ms} ms`, ledger: `${ledger_ms} ms` }),
  );
}

async function rebuildKv(_options: object, command: Command): Promise<void> {
  const context = commandContext(command);
  let written = 0;
  let cursor: string | null = null;
  do {
    const body: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: AnswerOf<typeof rebuildKvOperation> = await context.gateway.call(rebuildKvOperation, {
      body,
    });
    written += page.written;
    cursor = page.next_cursor;
    printNote(`${written} entries written`);
  } while (cursor !== null);
  context.print({ written }, `${written} entries written.\n`);
}
