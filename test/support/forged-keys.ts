/** Keys and KV entries that only somebody with the pepper, or with write access to KV, could make. */
import { mintKey } from "../../src/keys/key-text.ts";
import type { Mode } from "../../src/policy.ts";
import type { GatewayCluster } from "./gateway-cluster.ts";

/** A key with a right checksum that no ledger has issued. */
export function unknownKey(
  { settings }: Pick<GatewayCluster, "settings">,
  account = "acct_1",
  mode: Mode = "live",
): Promise<string> {
  return mintKey(mode, account, String(settings.KEY_PEPPER));
}

/** Changes fields of a key's KV entry. */
export async function forgeRecord(
  cluster: GatewayCluster,
  keyId: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const entry = await cluster.kv.get(await cluster.recordName(keyId));
  await cluster.overwriteRecord(keyId, JSON.stringify({ ...JSON.parse(entry ?? ""), ...changes }));
}
