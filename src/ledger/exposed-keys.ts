/**
 * A key that was found in public: an event that says where, and its revocation.
 *
 * Guarantees that a report which is repeated changes nothing: a key that has ended is left as it is, and a place is
 * recorded once.
 */
import { hasPassed } from "../keys/key-state.ts";
import type { Refusal } from "../refusals.ts";
import type { Actor } from "./events-table.ts";
import type { KeyRevocation } from "./key-revocation.ts";
import type { KeyRow } from "./keys-schema.ts";
import { isRevoked } from "./lease-book.ts";
import type { LedgerContext } from "./ledger-context.ts";

/** Where a key was found. */
export interface Sighting {
  readonly url: string | null;
  /** Such as `content`, `commit` or `npm`. */
  readonly source: string | null;
}

const GITHUB: Actor = { name: "github", claimed: null };
const CALLER = { actor: GITHUB, credential: "github", idempotencyKey: null };

/** Reports of one key that is not revoked. */
const SIGHTINGS_MAX = 20;

/** `then`: whether the key is revoked. */
export async function exposeKey(
  { keys, events }: LedgerContext,
  revocation: KeyRevocation,
  row: KeyRow,
  sighting: Sighting,
  then: "revoke" | "notify",
): Promise<KeyRow | Refusal> {
  const now = Date.now();
  const hasEnded = isRevoked(row, now) || hasPassed(row.expires_at, now);
  if (!hasEnded) {
    const known = events.page(SIGHTINGS_MAX, null, { keyId: row.id, action: "exposed" });
    const isKnown = known.some(({ details }) => details.url === sighting.url);
    if (!isKnown && known.length < SIGHTINGS_MAX) {
      const details = { name: row.name, url: sighting.url, source: sighting.source };
      events.add({ at: now, actor: GITHUB, action: "exposed", keyId: row.id, details });
    }
  }
  // Also when it has been revoked: the call answers when that is in effect.
  if (then === "revoke") return await revocation.revoke(row.id, CALLER, "found in public");
  return keys.issued(row.id) ?? row;
}
