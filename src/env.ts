/** The bindings and variables as the platform provides them, unchecked: `settings.ts` checks them. */
export interface Env {
  readonly API_KEYS: KVNamespace;
  readonly KEY_LEDGER: DurableObjectNamespace;
  readonly FAILED_LOOKUPS: RateLimit;
  /** The deployed version, which `/healthz` shows; absent in tests. */
  readonly CF_VERSION_METADATA?: WorkerVersionMetadata;
  readonly [setting: string]: unknown;
}
