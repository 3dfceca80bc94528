/**
 * The settings that wrangler read from wrangler.toml, stored beside a built bundle: see build-worker.ts.
 */

export const BUNDLE_CONFIG = "wrangler-config.json";

export interface BundleConfig {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars: Readonly<Record<string, string | number>>;
}
