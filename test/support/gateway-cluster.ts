/**
 * Several gateways in real workerd that share one real ledger, each reached over a raw socket, in front of two recording
 * origins. The gateways stand for locations: isolates that share no memory.
 *
 * Guarantees: the gateways run the built bundle, unchanged; every cluster has its own state; all traffic stays on
 * loopback. cluster-workers.ts and network.ts list what is fake. Not covered: Cloudflare's edge (path normalisation,
 * header limits, frozen clocks, KV's real lag).
 */

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import {
  type ClusterWorkers,
  clusterWorkers,
  gatewayName,
  NETWORK,
  type Settings,
} from "./cluster-workers.ts";
import {
  type ControlAnswer,
  ControlClient,
  type ControlOptions,
  type IssuedKey,
  type NewKey,
} from "./control-client.ts";
import { withFilesInMemory } from "./files-in-memory.ts";
import { type Conditions, SimulatedNetwork, type StoredEntries } from "./network.ts";
import type { Address } from "./raw-http.ts";
import { RecordingOrigin } from "./recording-origin.ts";
import { TRACE_PRINTER } from "./trace-printer.ts";
import { watchWorkerd } from "./watch-workerd.ts";

export interface ClusterOptions extends Conditions {
  /** Path of the built Worker; in vitest, by default, the one that build-worker.ts provides. */
  readonly bundle?: string;
  readonly gateways?: number;
  /** Override the vars of wrangler.toml and the cluster's defaults; undefined leaves a setting out. */
  readonly settings?: Settings;
  /** By gateway: override `settings` for that gateway. The ledger uses `settings`. */
  readonly gatewaySettings?: readonly Settings[];
  /** More Workers, such as a dashboard bound to an entrypoint of `gateway-0`. */
  readonly extraWorkers?: ClusterWorkers;
  /** Prints the spans of the gateways into the log (trace-printer.ts). */
  readonly traced?: boolean;
}

export async function startCluster(options: ClusterOptions = {}): Promise<GatewayCluster> {
  const bundle = options.bundle ?? (await import("vitest")).inject("workerBundle");
  const origins = {
    live: await RecordingOrigin.start("live"),
    sandbox: await RecordingOrigin.start("sandbox"),
  };
  try {
    return await GatewayCluster.start(bundle, origins, options);
  } catch (error) {
    await Promise.all([origins.live.close(), origins.sandbox.close()]);
    throw error;
  }
}

export class GatewayCluster {
  /** Where each gateway listens. */
  readonly gateways: readonly Address[];
  readonly live: RecordingOrigin;
  readonly sandbox: RecordingOrigin;
  /** The gateways' settings on top of wrangler.toml's vars, including secrets. */
  readonly settings: Settings;
  /** Delays, faults, counts and restarts. */
  readonly network: SimulatedNetwork;
  /** Every line that workerd printed: the message of a structured log entry, any other line unchanged. */
  get logs(): readonly string[] {
    return this.#logs;
  }
  /** workerd's process id. */
  readonly pid: number;
  readonly miniflare: Miniflare;
  readonly #logs: string[];
  readonly #control: ControlClient;

  static async start(bundle: string, origins: Origins, options: ClusterOptions): Promise<GatewayCluster> {
    const { gateways: count = 1, gatewaySettings, extraWorkers = [], traced = false } = options;
    const { delaysMs = [], kvDelayMs = 0, kvCacheMs = 0 } = options;
    const settings = { ...settingsFor(origins), ...options.settings };
    const logs: string[] = [];
    const own = clusterWorkers(bundle, count, settings, gatewaySettings);
    const workers = [...(traced ? withTraces(own, count) : own), ...extraWorkers];
    const { started: miniflare, pid } = await watchWorkerd(logs, () => startMiniflare(workers));
    try {
      const addressOf = async (_: unknown, index: number): Promise<Address> => {
        const url = await miniflare.unsafeGetDirectURL(gatewayName(index));
        return { host: url.hostname, port: Number(url.port) };
      };
      const gateways = await Promise.all(Array.from({ length: count }, addressOf));
      const network = new SimulatedNetwork(await miniflare.unsafeGetDirectURL(NETWORK));
      await network.configure({ delaysMs, kvDelayMs, kvCacheMs });
      return new GatewayCluster({ ...origins, gateways, settings, network, logs, pid, miniflare });
    } catch (error) {
      await miniflare.dispose();
      throw error;
    }
  }

  private constructor(parts: Parts) {
    this.gateways = parts.gateways;
    this.live = parts.live;
    this.sandbox = parts.sandbox;
    this.settings = parts.settings;
    this.network = parts.network;
    this.#logs = parts.logs;
    this.pid = parts.pid;
    this.miniflare = parts.miniflare;
    this.#control = new ControlClient(this.gateway(0), String(parts.settings.CONTROL_TOKEN));
  }

  /** Forgets log lines and recorded requests; from now on `createKey` uses other accounts. */
  startOver(): void {
    this.#logs.length = 0;
    this.live.clear();
    this.sandbox.clear();
    this.#control.changeAccount();
  }

  gateway(index: number): Address {
    const address = this.gateways[index];
    if (address === undefined) throw new Error(`there is no gateway ${index}`);
    return address;
  }

  /** A control plane call through gateway 0; `path` follows `/control/v1`. */
  control(method: string, path: string, body?: unknown, options?: ControlOptions): Promise<ControlAnswer> {
    return this.#control.call(method, path, body, options);
  }

  createKey(key?: NewKey): Promise<IssuedKey> {
    return this.#control.createKey(key);
  }

  revoke(account: string, id: string, options?: ControlOptions): Promise<ControlAnswer> {
    return this.#control.revoke(account, id, options);
  }

  /** The real namespace, bypassing the simulated network. */
  get kv(): StoredEntries {
    return this.network.kv;
  }

  /** The name of the KV entry of an issued key. */
  recordName(keyId: string): Promise<string> {
    return this.network.recordName(keyId);
  }

  /** Replaces an issued key's KV entry with any text. Gateways that have cached the entry keep theirs. */
  async overwriteRecord(keyId: string, text: string): Promise<void> {
    await this.kv.put(await this.recordName(keyId), text);
  }

  async close(): Promise<void> {
    await this.miniflare.dispose();
    await Promise.all([this.live.close(), this.sandbox.close()]);
  }
}

interface Origins {
  readonly live: RecordingOrigin;
  readonly sandbox: RecordingOrigin;
}

interface Parts extends Origins {
  readonly gateways: readonly Address[];
  readonly settings: Settings;
  readonly network: SimulatedNetwork;
  readonly logs: string[];
  readonly pid: number;
  readonly miniflare: Miniflare;
}

function settingsFor(origins: Origins): Settings {
  return {
    LIVE_ORIGIN: origins.live.url,
    SANDBOX_ORIGIN: origins.sandbox.url,
    KEY_PEPPER: Buffer.alloc(32, "pepper").toString("base64"),
    CONTROL_TOKEN: Buffer.alloc(32, "control").toString("base64"),
    ASSERTION_KEY: JSON.stringify(newAssertionKey()),
    // Tests read every log line, and Miniflare has no dataset for metrics.
    LOG_SAMPLE_RATE: 1,
    METRICS: "off",
    SERVER_TIMING: "",
    // Only the tests of rate limits use any.
    DEFAULT_TIER: "unlimited",
  };
}

function withTraces(workers: ClusterWorkers, gateways: number): ClusterWorkers {
  const streamed = workers.map((worker, index) =>
    index < gateways ? { ...worker, streamingTails: [TRACE_PRINTER.name] } : worker,
  );
  return [...streamed, TRACE_PRINTER];
}

async function startMiniflare(workers: ClusterWorkers): Promise<Miniflare> {
  const options = convertV4MiniflareOptions({
    workers,
    // watch-workerd.ts collects workerd's output.
    handleStructuredLogs: () => {},
    // Leaves request.cf empty instead of fetching it from the network.
    cf: false,
  });
  const miniflare = withFilesInMemory(() => new Miniflare(options));
  try {
    await miniflare.ready;
    return miniflare;
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}
