/** The ledger's methods for the account's key page. What they do is `PortalAccess`. */
import type { Refusal } from "../refusals.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import { LedgerParts } from "./ledger-parts.ts";
import type { KeyToShow } from "./portal-access.ts";
import type { PortalUser, Session } from "./portal-table.ts";

export abstract class PortalLedger extends LedgerParts {
  openPortal(linkDigest: string, user: PortalUser, actor: Actor): { readonly endsAt: number } {
    return this.portal.openLink(linkDigest, user, actor);
  }

  portalLink(linkDigest: string): { readonly ok: true } | Refusal {
    return this.portal.link(linkDigest);
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

  leavePortal(sessionDigest: string): { readonly ok: true } {
    return this.portal.leave(sessionDigest);
  }

  endPortalSessions(caller: CallMetadata): { readonly sessions: number; readonly links: number } {
    return this.portal.endAll(caller);
  }

  showOnce(idempotencyKey: string): Promise<KeyToShow | Refusal> {
    return this.portal.showOnce(idempotencyKey);
  }
}
