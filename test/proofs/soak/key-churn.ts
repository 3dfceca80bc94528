/**
 * Creates, rotates and revokes keys through all gateways during a soak, and records every acknowledged change, which is
 * compared with the event log afterwards.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { ControlAnswer } from "../../support/control-client.ts";
import { ACCOUNTS, type SoakContext } from "./soak-context.ts";
import type { SoakKey } from "./soak-results.ts";

const KEYS_IN_USE = 24;
const PAUSE_MS = 60;
/** How long an ended key stays in use. */
const USED_AFTER_END_MS = 3000;
/** A call without an answer is repeated until its outcome is known. */
const CALLS_MAX = 50;

/** Creates keys until KEYS_IN_USE exist. */
export async function createInitialKeys(context: SoakContext): Promise<void> {
  while (context.keys.length < KEYS_IN_USE) await createKey(context);
}

/** Makes one change after another until the soak is over. */
export async function churnKeys(context: SoakContext): Promise<void> {
  const { keys, random } = context;
  while (!context.isOver()) {
    const inUse = keys.filter(({ endingSince }) => endingSince === undefined);
    if (inUse.length < KEYS_IN_USE) await createKey(context);
    else await endKey(context, random.pick(inUse));
    dropOldKeys(context);
    await pause(PAUSE_MS);
  }
}

async function createKey(context: SoakContext): Promise<void> {
  const account = context.random.pick(ACCOUNTS);
  const mode = context.random.chance(0.3) ? "test" : "live";
  const headers = [["Idempotency-Key", `create-${context.random.next()}`]] as const;
  const answer = await acknowledged(context, `/accounts/${account}/keys`, { name: "soak", mode }, headers);
  context.keys.push({ ...answer.json });
  recordEvent(context, account, "created", answer.json.id);
}

async function endKey(context: SoakContext, key: SoakKey): Promise<void> {
  const { account, id } = key;
  key.endingSince = performance.now();
  const path = `/accounts/${account}/keys/${id}`;
  if (context.random.chance(0.3)) {
    const headers = [["Idempotency-Key", `rotate-${context.random.next()}`]] as const;
    const answer = await acknowledged(context, `${path}/rotate`, { overlap_seconds: 0 }, headers);
    key.revokedSince = answer.answeredAt;
    const { secret, id: successor, name, mode } = answer.json;
    context.keys.push({
      ...key,
      ...answer.json,
      secret,
      id: successor,
      name,
      mode,
      endingSince: undefined,
      revokedSince: undefined,
    } as SoakKey);
    recordEvent(context, account, "created", successor);
  } else {
    const answer = await acknowledged(context, `${path}/revoke`, {});
    key.revokedSince = answer.answeredAt;
  }
  recordEvent(context, account, "revoked", id);
}

async function acknowledged(
  { cluster, random }: SoakContext,
  path: string,
  body: object,
  headers: readonly (readonly [string, string])[] = [],
): Promise<ControlAnswer> {
  for (let call = 1; ; call++) {
    const to = cluster.gateway(random.whole(0, cluster.gateways.length - 1));
    const answer = await cluster.control("POST", path, body, { to, headers }).catch(() => null);
    if (answer && answer.status < 300 && answer.status >= 200) return answer;
    if (call === CALLS_MAX || (answer && answer.status !== 0 && answer.status < 500)) {
      throw new Error(`${path}: ${answer?.status} ${answer?.response.body}`);
    }
    await pause(PAUSE_MS);
  }
}

function recordEvent({ acknowledged }: SoakContext, account: string, action: string, id: string): void {
  acknowledged.set(account, [...(acknowledged.get(account) ?? []), `${action} ${id}`]);
}

function dropOldKeys({ keys }: SoakContext): void {
  const before = performance.now() - USED_AFTER_END_MS;
  const kept = keys.filter(({ revokedSince }) => revokedSince === undefined || revokedSince > before);
  keys.splice(0, keys.length, ...kept);
}

/** Acknowledged changes that do not occur exactly once among the account's events. */
export async function findLostEvents({ cluster, acknowledged }: SoakContext): Promise<string[]> {
  const lost: string[] = [];
  for (const [account, expected] of acknowledged) {
    const seen = new Map<string, number>();
    let cursor = "";
    do {
      const { json } = await cluster.control("GET", `/accounts/${account}/events?limit=200${cursor}`);
      for (const { action, key_id } of json.events) {
        const event = `${action} ${key_id}`;
        seen.set(event, (seen.get(event) ?? 0) + 1);
      }
      cursor = json.next_cursor === null ? "" : `&cursor=${encodeURIComponent(json.next_cursor)}`;
    } while (cursor !== "");
    for (const event of expected)
      if (seen.get(event) !== 1) lost.push(`${account}: ${event} ${seen.get(event) ?? 0} times`);
  }
  return lost;
}
