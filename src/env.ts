/**
 * The bindings as the platform hands them over. `settings.ts` checks everything that is not typed here.
 */

/** The Worker's environment as the platform hands it over: bindings typed, settings not yet trusted. */
export interface Env {
  readonly API_KEYS: KVNamespace;
  readonly KEY_LEDGER: DurableObjectNamespace;
  readonly FAILED_LOOK_UPS: RateLimit;
  /** Which deployment this is; only said, never needed. */
  readonly CF_VERSION_METADATA?: WorkerVersionMetadata;
  readonly [setting: string]: unknown;
}
