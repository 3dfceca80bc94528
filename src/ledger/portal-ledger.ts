/** The ledger's methods for the account's key page; `PortalAccess` and `readPortalKeys` implement them. */

import type { ApiKey } from "../keys/api-key.ts";
import type { Refusal } from "../refusals.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { ListFilter } from "./key-listing.ts";
import type { KeyRow } from "./keys-schema.ts";
import { LedgerParts } from "./ledger-parts.ts";
import type { KeyToShow } from "./portal-access.ts";
import { type PortalKeys, readPortalKeys } from "./portal-keys.ts";
import type { PortalUser, Session } from "./portal-table.ts";

export abstract class PortalLedger extends LedgerParts {
  protected abstract view(row: KeyRow): ApiKey;

  openPortal(linkDigest: string, user: PortalUser, actor: Actor): { readonly endsAt: number } {
    return this.portal.openLink(linkDigest, user, actor);
  }

  portalLink(linkDigest: string): { readonly ok: true } | Refusal {
    return this.portal.checkLink(linkDigest);
  }

  enterPortal(linkDigest: string, sessionDigest: string): Session | Refusal {
    return this.portal.enter(linkDigest, sessionDigest);
  }

  portalSession(sessionDigest: string): Session | Refusal {
    return this.portal.session(sessionDigest);
  }

  extendPortalSession(sessionDigest: string): Session | Refusal {
    return this.portal.extend(sessionDigest);
  }

  signOutOfPortal(sessionDigest: string): { readonly ok: true } {
    return this.portal.signOut(sessionDigest);
  }

  endPortalSessions(caller: CallMetadata): { readonly sessions: number; readonly links: number } {
    return this.portal.endAll(caller);
  }

  portalKeys(filter: ListFilter, size: number, page: number): PortalKeys {
    const { rows, ...beside } = readPortalKeys(this.context, filter, size, page, Date.now());
    return { ...beside, keys: rows.map((row) => this.view(row)) };
  }

  showOnce(idempotencyKey: string): Promise<KeyToShow | Refusal> {
    return this.portal.showOnce(idempotencyKey);
  }
}
