/**
 * The contestants: bare, the product as deployed, what one would write from the documentation, and a Worker that
 * only refuses. All of one version of workerd, each a process of its own.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { buildWorker } from "../support/build-worker.ts";
import { BUNDLE_CONFIG, type BundleConfig } from "../support/bundle-config.ts";
import { ControlClient } from "../support/control-client.ts";
import { type RunningWorker, startWorkerd } from "./workerd.ts";

const CONTROL_TOKEN = Buffer.alloc(32, "control").toString("base64");

/** No request of a benchmark is limited by them, yet they are counted and told. */
const AMPLE_TIER = { requests_per_minute: 1_000_000_000, publish_per_hour: 1_000_000_000 };

export interface RunningGateway extends RunningWorker {
  readonly control: ControlClient;
}

/** The product: the built bundle with everything of wrangler.toml, every feature on. */
export async function startGateway(bundle: string, originUrl: string): Promise<RunningGateway> {
  const config: BundleConfig = JSON.parse(readFileSync(join(dirname(bundle), BUNDLE_CONFIG), "utf8"));
  const running = await startWorkerd(readFileSync(bundle, "utf8"), {
    compatibilityDate: config.compatibilityDate,
    compatibilityFlags: config.compatibilityFlags,
    ledger: { binding: "KEY_LEDGER", className: "KeyLedger" },
    kv: "API_KEYS",
    rateLimit: "FAILED_LOOK_UPS",
    dataset: "USAGE",
    vars: {
      ...config.vars,
      // As in production.
      SERVER_TIMING: "",
      LIVE_ORIGIN: originUrl,
      KEY_PEPPER: Buffer.alloc(32, "pepper").toString("base64"),
      CONTROL_TOKEN,
      ASSERTION_KEY: JSON.stringify(newAssertionKey()),
    },
  });
  const control = new ControlClient({ host: "127.0.0.1", port: running.port }, CONTROL_TOKEN);
  const { status } = await control.call("PUT", "/accounts/acct", { tier: AMPLE_TIER });
  if (status !== 200) throw new Error(`setting the tier: ${status}`);
  return { ...running, control };
}

/** A Worker of this directory that knows only where the origin is. */
export function startPlain(file: "bare.js" | "refusing.js", originUrl: string): Promise<RunningWorker> {
  return startWorkerd(readFileSync(join(import.meta.dirname, file), "utf8"), {
    compatibilityDate: "2026-10-20",
    compatibilityFlags: [],
    vars: { LIVE_ORIGIN: originUrl },
  });
}

/** With one key, `secret`. */
export async function startUsual(originUrl: string, secret: string): Promise<RunningWorker> {
  const { bundle, remove } = await buildWorker(join(import.meta.dirname, "usual", "wrangler.toml"));
  const code = readFileSync(bundle, "utf8");
  await remove();
  const running = await startWorkerd(code, {
    compatibilityDate: "2026-10-20",
    compatibilityFlags: [],
    ledger: { binding: "KEY_LEDGER", className: "KeyLedger" },
    kv: "API_KEYS",
    vars: { LIVE_ORIGIN: originUrl },
  });
  const seeded = await fetch(`http://127.0.0.1:${running.port}/keys`, { method: "POST", body: secret });
  if (seeded.status !== 201) throw new Error(`the usual Worker's key: ${seeded.status}`);
  return running;
}
