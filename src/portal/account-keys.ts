/** The keys of the session's account, as the ledger lists them; and single keys. */
import { getKey } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import type { ListFilter } from "../ledger/key-listing.ts";
import type { PortalKeys } from "../ledger/portal-keys.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { perform } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";

/** Longer than any chain of rotations that are in progress at once. */
const SUCCESSORS_MAX = 5;

export function listKeys(c: PortalRequest, filter: ListFilter, size: number, page = 1) {
  return c.env.controlPlane.portal.listKeys(c.var.session, filter, size, page);
}

/** The key that the path names, as a list of one. */
export async function loadListed(c: PortalRequest): Promise<PortalKeys | Refusal> {
  const listed = await listKeys(c, { id: c.req.param("id") ?? "", includeRevoked: true }, 1);
  return isRefusal(listed) || listed.total === 1 ? listed : { reason: "not_found" };
}

/** The key that the path names. */
export function loadKey(c: PortalRequest, id = c.req.param("id") ?? ""): Promise<ApiKey | Refusal> {
  return perform(c, getKey, { id });
}

/** The latest successor of the key, over several rotations; null: not rotated. */
export async function loadSuccessor(
  c: PortalRequest,
  { replaced_by }: ApiKey,
): Promise<ApiKey | Refusal | null> {
  let successor: ApiKey | null = null;
  let id = replaced_by;
  for (let i = 0; id !== null && i < SUCCESSORS_MAX; i++) {
    const key = await loadKey(c, id);
    if (isRefusal(key)) return key;
    successor = key;
    id = key.replaced_by;
  }
  return successor;
}
