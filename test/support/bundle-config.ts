/**
 * The settings that wrangler read from wrangler.toml, stored beside a built bundle: see build-worker.ts.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export const BUNDLE_CONFIG = "wrangler-config.json";

export interface BundleConfig {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars: Readonly<Record<string, string | number>>;
}

/** Writes the settings of `configPath` into the directory of a bundle. Returns the name of the Worker's main module. */
export async function writeBundleConfig(directory: string, configPath: string): Promise<string> {
  // Imported on demand, because it takes a second, and readers of the settings do not need it.
  const { unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: configPath });
  const bundleConfig: BundleConfig = {
    compatibilityDate: config.compatibility_date ?? "",
    compatibilityFlags: config.compatibility_flags,
    vars: config.vars,
  };
  await writeFile(join(directory, BUNDLE_CONFIG), JSON.stringify(bundleConfig));
  return config.main ?? "worker.ts";
}
