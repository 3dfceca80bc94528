/**
 * What an isolate makes of its bindings, once: the settings, checked at the door, and what HTTP and RPC both work with.
 *
 * Kept for as long as the isolate has the bindings, so that what is remembered (who guesses too often) is remembered
 * whichever way a call comes.
 */

import { KeyOperations } from "./control/key-operations.ts";
import type { Env } from "./env.ts";
import { RecordFinder } from "./keys/find-record.ts";
import { LookupThrottle } from "./keys/lookup-throttle.ts";
import { readSettings, type Settings } from "./settings.ts";

export interface IsolateContext {
  readonly settings: Settings;
  readonly finder: RecordFinder;
  readonly operations: KeyOperations;
}

const opened = new WeakMap<Env, IsolateContext>();

/** Or the name of the setting that is missing or malformed: then nothing is served. */
export function isolateContext(env: Env): IsolateContext | { readonly invalidSetting: string } {
  const known = opened.get(env);
  if (known) return known;
  const settings = readSettings(env);
  if ("invalidSetting" in settings) return settings;
  const finder = new RecordFinder(env, settings, new LookupThrottle(env.FAILED_LOOK_UPS, Date.now));
  const parts = { settings, finder, operations: new KeyOperations(env, settings, finder, Date.now) };
  opened.set(env, parts);
  return parts;
}
