/**
 * A key that was found in public: the event with the place, and the key's revocation or suspension.
 *
 * Guarantees that a repeated report changes nothing: a key that has ended stays as it is, and a place is recorded once.
 */
import { hasPassed } from "../keys/key-state.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { Actor } from "./events-table.ts";
import type { KeyRevocation } from "./key-revocation.ts";
import type { KeySuspension } from "./key-suspension.ts";
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

const REASON = "found in public";

/** The most places that are recorded of one key. */
const SIGHTINGS_MAX = 20;

export type ExposedKeyAction = Settings["exposedKeys"];

/** `action`: what happens to the key beyond the event. Returns the key's row afterwards. */
export async function exposeKey(
  { keys, events }: LedgerContext,
  { revocation, suspension }: { readonly revocation: KeyRevocation; readonly suspension: KeySuspension },
  row: KeyRow,
  sighting: Sighting,
  action: ExposedKeyAction,
): Promise<KeyRow | Refusal> {
  const now = Date.now();
  const hasEnded = isRevoked(row, now) || hasPassed(row.expires_at, now);
  const known = events.page(SIGHTINGS_MAX, null, { keyId: row.id, action: "exposed" });
  const isNew = known.length < SIGHTINGS_MAX && !known.some(({ details }) => details.url === sighting.url);
  if (!hasEnded && isNew) {
    const details = { name: row.name, url: sighting.url, source: sighting.source };
    events.add({ at: now, actor: GITHUB, action: "exposed", keyId: row.id, details });
  }
  // Also when the key is revoked already: the call answers when the revocation is in effect.
  if (action === "revoke") return await revocation.revoke(row.id, CALLER, REASON);
  // A key that was resumed stays active: only a report of another place suspends it again.
  if (action === "suspend" && !hasEnded && (isNew || row.suspended_at !== null)) {
    const suspended = await suspension.suspend(row.id, CALLER, REASON);
    return isRefusal(suspended) ? suspended : suspended.row;
  }
  return keys.issued(row.id) ?? row;
}
