/**
 * Measures how the ledger's speed depends on the number of an account's keys: each operation's median time in
 * milliseconds with 10, 1,000 and 100,000 keys, and the growth from the fewest to the most.
 *
 * `npx node test/control/growth.ts` prints the table; the benchmark uses its lease calls. A Worker of its own calls the
 * real ledger in workerd, so the figures are those of the ledger and the call to it, without HTTP. SQL inserts the
 * keys, since 100,000 creations would take minutes; the 200 keys that are measured are created by calls.
 */

import { buildWorker } from "../support/build-worker.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import {
  BY,
  CALLER,
  type Call,
  MeasuredAccount,
  type MeasuredKey,
  SEEDED_AT,
  seedEvents,
  seedKeys,
} from "./growth-account.ts";

const SIZES = [10, 1_000, 100_000] as const;
const ROUNDS = 20;
/** Calls that are timed together, since the clock of workerd has a resolution of a millisecond. */
const BATCH_CALLS = 10;

const leaseOf = (hash: string, uses: number): Call => [
  "lease",
  { hash, account: null, uses, holder: "measured", permits: [], wants_record: uses === 0 },
];

/** The call that is measured, by operation, with a key that no other call has used. */
const OPERATIONS: Readonly<Record<string, (key: MeasuredKey, size: number) => Call>> = {
  "list, first page of 50": () => ["listKeys", 50, null, {}],
  "list, a page in the middle": (_, size) => [
    "listKeys",
    50,
    { createdAt: SEEDED_AT + Math.floor(size / 2), id: `key_${"z".repeat(22)}` },
    {},
  ],
  "events, first page of 50": () => ["listEvents", 50, null],
  get: ({ id }) => ["getKey", id],
  "lease, first": ({ hash }) => leaseOf(hash, 0),
  "lease, again": ({ hash }) => leaseOf(hash, 1),
  rename: ({ id }) => ["changeKey", id, { name: "renamed" }, BY],
  rotate: ({ id }) => ["rotateKey", id, 3_600_000, BY],
  "revoke, idle": ({ id }) => ["revokeKey", id, BY, null],
};

interface Sized {
  readonly size: number;
  readonly account: MeasuredAccount;
  /** Created by calls, among the seeded ones. */
  readonly keys: readonly MeasuredKey[];
  /** An account with the same number of keys, of which all but three have ended as scheduled. */
  readonly rotated: MeasuredAccount;
}

async function prepare(cluster: GatewayCluster, caller: URL, size: number): Promise<Sized> {
  const account = new MeasuredAccount(cluster, caller, `account_${size}`);
  // The first call creates the tables.
  await account.newKeys(1);
  await account.sql(seedKeys(size, null));
  await account.sql(seedEvents(size));
  const rotated = new MeasuredAccount(cluster, caller, `rotated_${size}`);
  await rotated.newKeys(3);
  await rotated.sql(seedKeys(size, SEEDED_AT + 1_000_000));
  return { size, account, keys: await account.newKeys(ROUNDS * BATCH_CALLS), rotated };
}

/** The sizes take turns, so that other load on the machine affects all of them alike. */
async function medians(
  sized: readonly Sized[],
  calls: (one: Sized, round: number) => [MeasuredAccount, Call[]],
): Promise<number[]> {
  const times = sized.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, one] of sized.entries()) {
      const [account, batch] = calls(one, round);
      times[i]?.push((await account.call(...batch)).ms);
    }
  }
  return times.map((each) => each.sort((a, b) => a - b)[ROUNDS / 2] ?? Number.NaN);
}

async function measureOperations(
  sized: readonly Sized[],
  operations: readonly string[],
): Promise<Record<string, number[]>> {
  const measured: Record<string, number[]> = {};
  for (const operation of operations) {
    const call = OPERATIONS[operation];
    if (call === undefined) throw new Error(`no operation is called ${operation}`);
    measured[operation] = await medians(sized, ({ account, keys, size }, round) => {
      const used = keys.slice(round * BATCH_CALLS, (round + 1) * BATCH_CALLS);
      return [account, used.map((key) => call(key, size))];
    });
  }
  return measured;
}

async function measureLists(sized: readonly Sized[]): Promise<Record<string, number[]>> {
  const measured: Record<string, number[]> = {};
  const list: Call = ["listKeys", 50, null, {}];
  // The first list after their end writes their tombstones.
  const first: number[] = [];
  for (const { rotated } of sized) first.push((await rotated.call(list)).ms);
  measured["list, the first after all but 3 keys ended"] = first;
  measured["list, all but 3 keys ended as scheduled"] = await medians(sized, ({ rotated }) => [
    rotated,
    Array<Call>(BATCH_CALLS).fill(list),
  ]);
  const revocations = [];
  for (const one of sized) revocations.push(await measureRevokeAll(one));
  measured["revoke all (once)"] = revocations.map(({ ms }) => ms);
  measured["lease, the longest meanwhile"] = revocations.map(({ longestLeaseMs }) => longestLeaseMs);
  return measured;
}

/** Revokes the live keys, while leases on a test key are requested. */
async function measureRevokeAll({ account }: Sized): Promise<{ ms: number; longestLeaseMs: number }> {
  const [key] = await account.newKeys(1, "test");
  let isDone = false;
  const revoked = account.call(["revokeAll", { mode: "live" }, BY]).finally(() => {
    isDone = true;
  });
  let longestLeaseMs = 0;
  while (!isDone) {
    const { ms } = await account.call(leaseOf(key?.hash ?? "", 1));
    longestLeaseMs = Math.max(longestLeaseMs, ms);
  }
  return { ms: (await revoked).ms, longestLeaseMs };
}

/** Each operation's median milliseconds, one for each of SIZES. */
async function measureGrowth(
  bundle: string,
  measure: (sized: readonly Sized[]) => Promise<Record<string, number[]>>,
): Promise<Record<string, number[]>> {
  // A ledger that has just started waits for an assumed lease; this one is too short to show.
  const settings = { LEASE_MS: 100, LEASE_MAX_MS: 100, LEASE_MARGIN_MS: 60 };
  const cluster = await startCluster({ bundle, settings, extraWorkers: [CALLER] });
  try {
    const caller = await cluster.miniflare.unsafeGetDirectURL("caller");
    const sized: Sized[] = [];
    for (const size of SIZES) sized.push(await prepare(cluster, caller, size));
    return await measure(sized);
  } finally {
    await cluster.close();
  }
}

/** The ledger call of a request, by the account's number of keys: the first one, and later ones. */
export async function measureLeaseGrowth(
  bundle: string,
): Promise<{ keys: number; first: number; again: number }[]> {
  const [first, again] = ["lease, first", "lease, again"] as const;
  const measured = await measureGrowth(bundle, (sized) => measureOperations(sized, [first, again]));
  const at = (operation: string, index: number) => measured[operation]?.[index] ?? Number.NaN;
  return SIZES.map((keys, index) => ({ keys, first: at(first, index), again: at(again, index) }));
}

async function main(): Promise<void> {
  const { bundle, remove } = await buildWorker();
  try {
    const measured = await measureGrowth(bundle, async (sized) => ({
      ...(await measureOperations(sized, Object.keys(OPERATIONS))),
      ...(await measureLists(sized)),
    }));
    const rows = Object.entries(measured).map(([operation, times]) => [
      operation,
      {
        ...Object.fromEntries(SIZES.map((size, i) => [`${size} keys`, Number(times[i]?.toFixed(2))])),
        growth: `× ${((times.at(-1) ?? Number.NaN) / (times[0] ?? Number.NaN)).toFixed(1)}`,
      },
    ]);
    console.log("Milliseconds a call, medians");
    console.table(Object.fromEntries(rows));
  } finally {
    await remove();
  }
}

if (import.meta.main) await main();
