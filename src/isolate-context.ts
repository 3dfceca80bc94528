/**
 * Everything an isolate builds from its bindings, once: the checked settings, the gateway and the control plane.
 *
 * HTTP and RPC share it, so that failed lookups are throttled together. Guarantees that nothing is built from settings
 * that are missing or malformed.
 */

import { env } from "cloudflare:workers";
import { ControlPlane } from "./control/control-plane.ts";
import type { Env } from "./env.ts";
import { Gateway } from "./gateway/gateway.ts";
import { KeyFinder } from "./keys/find-key.ts";
import { LookupThrottle } from "./keys/lookup-throttle.ts";
import { type InvalidSetting, isRefusal } from "./refusals.ts";
import { readSettings, type Settings } from "./settings.ts";

export interface IsolateContext {
  readonly settings: Settings;
  readonly gateway: Gateway;
  readonly controlPlane: ControlPlane;
}

/** Built when the isolate starts, so that no request waits for it. */
const context = contextOf(env as unknown as Env);

export function isolateContext(): IsolateContext | InvalidSetting {
  return context;
}

function contextOf(env: Env): IsolateContext | InvalidSetting {
  const settings = readSettings(env);
  if (isRefusal(settings)) return settings;
  const finder = new KeyFinder(env, settings, new LookupThrottle(env.FAILED_LOOKUPS, Date.now));
  return {
    settings,
    gateway: new Gateway(env, settings, finder, Date.now),
    controlPlane: new ControlPlane(env, settings, finder, Date.now),
  };
}
