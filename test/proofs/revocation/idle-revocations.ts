/**
 * Measures `revoke` of keys that were used, and then not for more than a minute: their ledgers have hibernated, or were
 * restarted after that minute.
 *
 * `npx node test/proofs/revocation/idle-revocations.ts` prints the milliseconds from the call to the answer. Exits with 1 when one
 * of them waited for a lease.
 */
import { buildWorker } from "../../support/build-worker.ts";
import { startCluster } from "../../support/gateway-cluster.ts";
import { summary } from "./figures.ts";

const KEYS = 100;
/** Longer than the minute for which a restarted ledger assumes that leases are in use; an idle object hibernates after 10 s. */
const IDLE_MS = 75_000;

const { bundle, remove } = await buildWorker();
const cluster = await startCluster({ bundle });
try {
  const accounts = Array.from({ length: 2 * KEYS }, (_, count) => `account_${count}`);
  const keys = [];
  for (const account of accounts) {
    const key = await cluster.createKey({ account });
    const { host, port } = cluster.gateway(0);
    const used = await fetch(`http://${host}:${port}/v1/posts`, {
      headers: { Authorization: `Bearer ${key.secret}` },
    });
    if (used.status !== 200) throw new Error(`a new key got ${used.status}`);
    await used.arrayBuffer();
    keys.push(key);
  }
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  for (const account of accounts.slice(KEYS)) await cluster.network.restartLedger(account);

  console.log("milliseconds from the call to revoke to its answer".padEnd(56), "p50  p90  p99  max    n");
  for (const [title, group] of [
    ["key unused for 75 s, its ledger has hibernated", keys.slice(0, KEYS)],
    ["key unused for 75 s, its ledger was restarted", keys.slice(KEYS)],
  ] as const) {
    const times: number[] = [];
    for (const { account, id } of group) {
      const startedAt = performance.now();
      const { status, json } = await cluster.revoke(account, id);
      times.push(performance.now() - startedAt);
      if (status !== 200 || json.waited_ms !== 0) process.exitCode = 1;
    }
    const cells = [...summary(times), String(times.length)].map((cell) => cell.padStart(4));
    console.log(title.padEnd(56), cells.join(" "));
  }
} finally {
  await cluster.close();
  await remove();
}
