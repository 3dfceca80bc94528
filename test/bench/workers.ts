/**
 * The contestants in workerd: bare, the product as deployed, an implementation from the documentation, and a Worker that
 * only refuses. All run in the same version of workerd, each in its own process.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { buildWorker } from "../support/build-worker.ts";
import { BUNDLE_CONFIG, type BundleConfig } from "../support/bundle-config.ts";
import { ControlClient, type IssuedKey } from "../support/control-client.ts";
import { type RunningWorker, startWorkerd } from "./workerd.ts";
import { MAIN, type Modules, type WorkerOptions } from "./workerd-config.ts";

const CONTROL_TOKEN = Buffer.alloc(32, "control").toString("base64");
const PLAIN_DATE = "2026-10-20";
const CREATED_AT_ONCE = 16;

/** Limits that no benchmark reaches, but that are counted and returned. */
const AMPLE_TIER = { requests_per_minute: 1_000_000_000, publish_per_hour: 1_000_000_000 };

export interface RunningGateway extends RunningWorker {
  readonly control: ControlClient;
}

/** What a part of the benchmark sets; the rest is the contestant's default. */
type Setting = Pick<WorkerOptions, "distance" | "isolates" | "inspectorPort" | "under" | "vars">;

/** Path of the built Worker's main module, beside its other modules. */
export interface Product {
  readonly bundle: string;
  readonly originUrl: string;
}

/** The product: the built bundle with all settings of wrangler.toml and every feature enabled. */
export async function startGateway(product: Product, setting: Setting = {}): Promise<RunningGateway> {
  const { bundle, originUrl } = product;
  const { vars, ...others } = setting;
  const config: BundleConfig = JSON.parse(readFileSync(join(dirname(bundle), BUNDLE_CONFIG), "utf8"));
  const running = await startWorkerd(modulesBeside(bundle), {
    compatibilityDate: config.compatibilityDate,
    compatibilityFlags: config.compatibilityFlags,
    ledger: { binding: "KEY_LEDGER", className: "KeyLedger", method: "lease" },
    kv: "API_KEYS",
    rateLimit: "FAILED_LOOKUPS",
    dataset: "USAGE",
    vars: {
      ...config.vars,
      // As in production.
      SERVER_TIMING: "",
      LIVE_ORIGIN: originUrl,
      KEY_PEPPER: Buffer.alloc(32, "pepper").toString("base64"),
      CONTROL_TOKEN,
      ASSERTION_KEY: JSON.stringify(newAssertionKey()),
      ...vars,
    },
    ...others,
  });
  try {
    const control = new ControlClient({ host: "127.0.0.1", port: running.port }, CONTROL_TOKEN);
    await setAmpleTier(control, "acct");
    return { ...running, control };
  } catch (error) {
    await running.close();
    throw error;
  }
}

async function setAmpleTier(control: ControlClient, account: string): Promise<void> {
  const { status } = await control.call("PUT", `/accounts/${account}`, { tier: AMPLE_TIER });
  if (status !== 200) throw new Error(`setting the tier: ${status}`);
}

/** Several at a time; many keys are spread over several accounts. */
export async function createKeys(control: ControlClient, count: number): Promise<IssuedKey[]> {
  const keys: IssuedKey[] = [];
  const lane = async () => {
    for (; left > 0; ) {
      left -= 1;
      keys.push(await control.createKey());
    }
  };
  let left = count;
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, lane));
  for (const account of new Set(keys.map((key) => key.account))) await setAmpleTier(control, account);
  return keys;
}

/** A Worker of this directory that knows only the origin's address. */
export function startPlain(
  file: "bare.js" | "floor.js" | "refusing.js",
  originUrl: string,
  setting: Setting = {},
): Promise<RunningWorker> {
  return startWorkerd(
    { [MAIN]: readFileSync(join(import.meta.dirname, file), "utf8") },
    { compatibilityDate: PLAIN_DATE, compatibilityFlags: [], vars: { LIVE_ORIGIN: originUrl }, ...setting },
  );
}

/** With these keys. */
export async function startUsual(
  originUrl: string,
  secrets: readonly string[],
  setting: Setting = {},
): Promise<RunningWorker> {
  const { bundle, remove } = await buildWorker(join(import.meta.dirname, "usual", "wrangler.toml"));
  const modules = modulesBeside(bundle);
  await remove();
  const running = await startWorkerd(modules, {
    compatibilityDate: PLAIN_DATE,
    compatibilityFlags: [],
    ledger: { binding: "KEY_LEDGER", className: "KeyLedger", method: "isGood" },
    kv: "API_KEYS",
    vars: { LIVE_ORIGIN: originUrl },
    ...setting,
  });
  for (const body of secrets) {
    const { status } = await fetch(`http://127.0.0.1:${running.port}/keys`, { method: "POST", body });
    if (status === 201) continue;
    await running.close();
    throw new Error(`a key of the usual Worker: ${status}`);
  }
  return running;
}

function modulesBeside(bundle: string): Modules {
  const names = readdirSync(dirname(bundle)).filter((name) => name.endsWith(".js"));
  const others = names.filter((name) => join(dirname(bundle), name) !== bundle);
  const read = (name: string) => readFileSync(join(dirname(bundle), name), "utf8");
  return {
    [MAIN]: readFileSync(bundle, "utf8"),
    ...Object.fromEntries(others.map((name) => [name, read(name)])),
  };
}
