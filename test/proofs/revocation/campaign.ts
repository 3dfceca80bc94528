/**
 * Many revocations in real workerd, some at a time, in all situations, while other keys stay in use.
 *
 * Real: the built Worker in one isolate per gateway, the ledger, the sockets. Fake: the distance between the
 * gateways and the ledger (test/support/distance.ts). The moments are spread evenly, not drawn at random.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BUNDLE_CONFIG, type BundleConfig } from "../../support/bundle-config.ts";
import type { Settings } from "../../support/cluster-workers.ts";
import { startCluster } from "../../support/gateway-cluster.ts";
import type { History, Situation } from "./history.ts";
import { KeyClient, type Stage } from "./key-client.ts";
import { OriginScript } from "./origin-script.ts";
import { Pace } from "./pace.ts";
import { ALONE_IN_ACCOUNT, play } from "./situations.ts";

export interface Campaign {
  /** The built Worker's path. */
  readonly bundle: string;
  readonly revocations: number;
  /** Played in turn. */
  readonly situations: readonly Situation[];
  /** How many at a time, at most. */
  readonly parallel: number;
  /** Over the vars of wrangler.toml. */
  readonly settings?: Settings;
  /** From each gateway to the ledger and back. */
  readonly delaysMs?: readonly number[];
  /** How long after its answer a revocation may leave a request open before that counts against it. */
  readonly patienceMs?: number;
  readonly onProgress?: (done: number) => void;
}

export const FIVE_PLACES_MS = [0, 20, 60, 120, 250];
const SHARED_ACCOUNTS = 4;
const BYSTANDERS = 2;
/** Longer than the deployed one, since five gateways, clients and origin share one machine here. */
const LEDGER_TIMEOUT_MS = 10_000;
/** A request is ended within milliseconds of the answer; this is for machines that stall. */
const PATIENCE_MS = 10_000;
/** Multiples of the golden ratio, modulo 1, are spread evenly however many there are. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

export async function runCampaign(campaign: Campaign): Promise<History> {
  const { bundle, delaysMs = FIVE_PLACES_MS, patienceMs = PATIENCE_MS } = campaign;
  const settings: Settings = { LEDGER_TIMEOUT_MS, ...campaign.settings };
  const cluster = await startCluster({ bundle, gateways: delaysMs.length, delaysMs, settings });
  try {
    const script = new OriginScript();
    cluster.live.respond = script.respond;
    const history: History = { gateways: delaysMs.length, requests: [], revocations: [], bystanders: [] };
    const vars = { ...varsOf(bundle), ...settings };
    const marginMs = Number(vars.LEASE_MARGIN_MS);
    const leaseMs = Number(vars.LEASE_MS);
    const stage: Stage = { cluster, script, history, leaseMs, marginMs, patienceMs };

    const bystanders = await Promise.all(Array.from({ length: BYSTANDERS }, () => startBystander(stage)));
    await playAll(stage, campaign);
    await Promise.all(bystanders.map((bystander) => bystander.close()));
    return history;
  } finally {
    await cluster.close();
  }
}

async function playAll(stage: Stage, campaign: Campaign): Promise<void> {
  const { revocations, situations, parallel, onProgress } = campaign;
  const pace = new Pace(parallel);
  let next = 0;
  const playInTurn = async () => {
    for (let index = next++; index < revocations; index = next++) {
      const situation = situations[index % situations.length] as Situation;
      const account = ALONE_IN_ACCOUNT.includes(situation)
        ? `own-${index}`
        : `shared-${index % SHARED_ACCOUNTS}`;
      const spread = (index * GOLDEN_RATIO) % 1;
      await pace.enter();
      const startedAt = performance.now();
      const key = await stage.cluster.createKey({ account, name: situation });
      pace.note(performance.now() - startedAt);
      await play({ stage, client: new KeyClient(stage, key), situation, spread });
      pace.leave();
      // The origin's record of requests would grow without end; what matters is in the history.
      stage.cluster.live.requests = [];
      onProgress?.(stage.history.revocations.length);
    }
  };
  const players = Array.from({ length: parallel }, async () => {
    try {
      await playInTurn();
    } catch (error) {
      next = revocations;
      pace.leave();
      throw error;
    }
  });
  // All must be off the stage before the cluster is closed.
  await Promise.allSettled(players);
  await Promise.all(players);
}

async function startBystander(stage: Stage): Promise<KeyClient> {
  const client = new KeyClient(stage, await stage.cluster.createKey({ account: "shared-0" }));
  stage.history.bystanders.push(client.key.id);
  client.startLoad();
  return client;
}

/** The vars of wrangler.toml, as the bundle was built with them. */
export function varsOf(bundle: string): BundleConfig["vars"] {
  const config: BundleConfig = JSON.parse(readFileSync(join(dirname(bundle), BUNDLE_CONFIG), "utf8"));
  return config.vars;
}
