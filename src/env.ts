/** The bindings and variables as the platform provides them. `settings.ts` checks all of them. */
export interface Env {
  readonly API_KEYS: KVNamespace;
  readonly KEY_LEDGER: DurableObjectNamespace;
  readonly FAILED_LOOK_UPS: RateLimit;
  /** Which deployment this is; shown by `/healthz`. */
  readonly CF_VERSION_METADATA?: WorkerVersionMetadata;
  readonly [setting: string]: unknown;
}
