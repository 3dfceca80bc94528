/**
 * Whoever manages keys in a soak: makes, rotates and revokes them through all gateways, and writes down what was
 * acknowledged, for the events to be held against.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { ControlAnswer } from "../../support/control-client.ts";
import type { SoakKey } from "./tally.ts";
import { ACCOUNTS, type World } from "./world.ts";

const KEYS_IN_USE = 24;
const PAUSE_MS = 60;
/** For how long a dead key is tried on. */
const TRIED_ON_MS = 3000;
/** A call whose answer is lost is made again until it is known what became of it. */
const CALLS_MAX = 50;

/** Fills the pool. */
export async function makeFirstKeys(world: World): Promise<void> {
  while (world.keys.length < KEYS_IN_USE) await make(world);
}

/** One change after another until the soak is over. */
export async function manage(world: World): Promise<void> {
  const { keys, random } = world;
  while (!world.over()) {
    const inUse = keys.filter(({ endingSince }) => endingSince === undefined);
    if (inUse.length < KEYS_IN_USE) await make(world);
    else await end(world, random.pick(inUse));
    forgetLongDead(world);
    await pause(PAUSE_MS);
  }
}

async function make(world: World): Promise<void> {
  const account = world.random.pick(ACCOUNTS);
  const mode = world.random.chance(0.3) ? "test" : "live";
  const headers = [["Idempotency-Key", `make-${world.random.next()}`]] as const;
  const answer = await acknowledged(world, `/accounts/${account}/keys`, { name: "soak", mode }, headers);
  world.keys.push({ ...answer.json });
  note(world, account, "created", answer.json.id);
}

async function end(world: World, key: SoakKey): Promise<void> {
  const { account, id } = key;
  key.endingSince = performance.now();
  const path = `/accounts/${account}/keys/${id}`;
  if (world.random.chance(0.3)) {
    const headers = [["Idempotency-Key", `rotate-${world.random.next()}`]] as const;
    const answer = await acknowledged(world, `${path}/rotate`, { overlap_seconds: 0 }, headers);
    key.deadSince = answer.answeredAt;
    const { secret, id: successor, name, mode } = answer.json;
    world.keys.push({
      ...key,
      ...answer.json,
      secret,
      id: successor,
      name,
      mode,
      endingSince: undefined,
      deadSince: undefined,
    } as SoakKey);
    note(world, account, "created", successor);
  } else {
    const answer = await acknowledged(world, `${path}/revoke`, {});
    key.deadSince = answer.answeredAt;
  }
  note(world, account, "revoked", id);
}

async function acknowledged(
  { cluster, random }: World,
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

function note({ acknowledged }: World, account: string, action: string, id: string): void {
  acknowledged.set(account, [...(acknowledged.get(account) ?? []), `${action} ${id}`]);
}

function forgetLongDead({ keys }: World): void {
  const before = performance.now() - TRIED_ON_MS;
  const kept = keys.filter(({ deadSince }) => deadSince === undefined || deadSince > before);
  keys.splice(0, keys.length, ...kept);
}

/** What was acknowledged and is not among the account's events exactly once, in words. */
export async function lostEvents({ cluster, acknowledged }: World): Promise<string[]> {
  const wrong: string[] = [];
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
      if (seen.get(event) !== 1) wrong.push(`${account}: ${event} ${seen.get(event) ?? 0} times`);
  }
  return wrong;
}
