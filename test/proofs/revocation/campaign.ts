/**
 * A campaign of restrictions in real workerd, several at a time, in all situations, while other keys stay in use.
 *
 * Real: the built Worker in one isolate per gateway, the ledger, the sockets. Fake: the distance between the
 * gateways and the ledger (test/support/network.ts). The moments are spread evenly, not drawn at random.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BUNDLE_CONFIG, type BundleConfig } from "../../support/bundle-config.ts";
import type { Settings } from "../../support/cluster-workers.ts";
import { startCluster } from "../../support/gateway-cluster.ts";
import { AdaptiveConcurrency } from "./adaptive-concurrency.ts";
import { caseName } from "./evidence.ts";
import type { Case, History } from "./history.ts";
import { type CampaignContext, KeyClient } from "./key-client.ts";
import { OriginScript } from "./origin-script.ts";
import { USUAL } from "./restrictions.ts";
import { isAloneInAccount, runSituation } from "./situations.ts";

export interface Campaign {
  /** Path of the built Worker. */
  readonly bundle: string;
  /** Number of restrictions. */
  readonly count: number;
  /** Used in turn. */
  readonly cases: readonly Case[];
  /** Maximum number at a time. */
  readonly parallel: number;
  /** Override the vars of wrangler.toml. */
  readonly settings?: Settings;
  /** Round trip from each gateway to the ledger. */
  readonly delaysMs?: readonly number[];
  /** How long after the answer a request may stay open before that counts as a violation. */
  readonly graceMs?: number;
  readonly onProgress?: (done: number) => void;
}

export const FIVE_DISTANCES_MS = [0, 20, 60, 120, 250];
const SHARED_ACCOUNTS = 4;
/** After these the next four are used: an account gets 50 new keys a minute. */
const KEYS_IN_SHARED_ACCOUNTS = 120;
const BYSTANDERS = 2;
/** Longer than in production, because five gateways, clients and origin share one machine. */
const LEDGER_TIMEOUT_MS = 10_000;
/** A request ends within milliseconds of the answer; the rest is for machines that stall. */
const GRACE_MS = 10_000;
/** Multiples of the golden ratio, modulo 1, are spread evenly, whatever their number. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

export async function runCampaign(campaign: Campaign): Promise<History> {
  const { bundle, delaysMs = FIVE_DISTANCES_MS, graceMs = GRACE_MS } = campaign;
  const settings: Settings = { LEDGER_TIMEOUT_MS, ...campaign.settings };
  const cluster = await startCluster({ bundle, gateways: delaysMs.length, delaysMs, settings });
  try {
    const script = new OriginScript();
    cluster.live.respond = script.respond;
    const history: History = { gateways: delaysMs.length, requests: [], restrictions: [] };
    const vars = { ...varsOf(bundle), ...settings };
    const marginMs = Number(vars.LEASE_MARGIN_MS);
    const leaseMs = Number(vars.LEASE_MS);
    const context: CampaignContext = { cluster, script, history, leaseMs, marginMs, graceMs };

    const bystanders = await Promise.all(Array.from({ length: BYSTANDERS }, () => startBystander(context)));
    await runAll(context, campaign);
    await Promise.all(bystanders.map((bystander) => bystander.close()));
    return history;
  } finally {
    await cluster.close();
  }
}

async function runAll(context: CampaignContext, campaign: Campaign): Promise<void> {
  const { count, cases, parallel, onProgress } = campaign;
  const concurrency = new AdaptiveConcurrency(parallel);
  let next = 0;
  const runInTurn = async () => {
    for (let index = next++; index < count; index = next++) {
      const one = cases[index % cases.length] as Case;
      const account = isAloneInAccount(one)
        ? `own-${index}`
        : `shared-${index % SHARED_ACCOUNTS}-${Math.floor(index / KEYS_IN_SHARED_ACCOUNTS)}`;
      const spread = (index * GOLDEN_RATIO) % 1;
      await concurrency.acquire();
      const startedAt = performance.now();
      const key = await context.cluster.createKey({ account, name: caseName(one) });
      concurrency.recordDuration(performance.now() - startedAt);
      await runSituation({ ...one, context, client: new KeyClient(context, key), spread });
      concurrency.release();
      // The origin's record of requests would grow without limit; the history has all that is needed.
      context.cluster.live.requests = [];
      onProgress?.(context.history.restrictions.length);
    }
  };
  const workers = Array.from({ length: parallel }, async () => {
    try {
      await runInTurn();
    } catch (error) {
      next = count;
      concurrency.release();
      throw error;
    }
  });
  // All must have finished before the cluster is closed.
  await Promise.allSettled(workers);
  await Promise.all(workers);
}

async function startBystander(context: CampaignContext): Promise<KeyClient> {
  const key = await context.cluster.createKey({ account: "shared-0-0" });
  const client = new KeyClient(context, key, USUAL);
  client.startLoad();
  return client;
}

/** The vars of wrangler.toml that the bundle was built with. */
export function varsOf(bundle: string): BundleConfig["vars"] {
  const config: BundleConfig = JSON.parse(readFileSync(join(dirname(bundle), BUNDLE_CONFIG), "utf8"));
  return config.vars;
}
