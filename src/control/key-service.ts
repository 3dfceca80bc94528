/**
 * The control plane over RPC, for a dashboard that is a Worker itself: bind it as a service with the entrypoint
 * `KeyService` and `props` that name the caller and its rights. The binding is the credential; only Workers of the same
 * Cloudflare account can have one.
 *
 * Every method answers `{ ok: true, value }` or `{ ok: false, error }`, the error being what HTTP would have
 * answered; no method throws for a caller's mistake.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { isolateContext } from "../isolate-context.ts";
import { logException } from "../log.ts";
import { isRefusal, publicAnswer, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { CallerInput } from "./control-input.ts";
import { credentialOfBinding } from "./credential.ts";
import type { BodyOf, Operation, OperationRequest, QueryOf } from "./operation.ts";
import {
  changeAccount,
  getAccount,
  listEvents,
  resumeAccount,
  suspendAccount,
} from "./operations/accounts.ts";
import { importKeys } from "./operations/import-keys.ts";
import type { ImportRow } from "./operations/import-rows.ts";
import {
  changeKey,
  createKey,
  getKey,
  getKeyUsage,
  listKeys,
  resumeKey,
  revokeAll,
  revokeKey,
  rotateKey,
  suspendKey,
} from "./operations/keys.ts";
import { createPortalSession, endPortalSessions } from "./operations/portal.ts";
import { identifyKey, revokeByPossession } from "./operations/possession.ts";
import { health, rebuildKv } from "./operations/upkeep.ts";

export interface KeyServiceError {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details?: Record<string, string | number | null>;
}

export type KeyServiceResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: KeyServiceError };

export class KeyService extends WorkerEntrypoint<Env> {
  createKey(account: string, body: BodyOf<typeof createKey>, caller: CallerInput = {}) {
    return this.#perform(createKey, { account, body, caller });
  }

  listKeys(account: string, query: QueryOf<typeof listKeys> = {}) {
    return this.#perform(listKeys, { account, query });
  }

  getKey(account: string, id: string) {
    return this.#perform(getKey, { account, id });
  }

  getKeyUsage(account: string, id: string) {
    return this.#perform(getKeyUsage, { account, id });
  }

  changeKey(account: string, id: string, body: BodyOf<typeof changeKey>, caller: CallerInput = {}) {
    return this.#perform(changeKey, { account, id, body, caller });
  }

  suspendKey(account: string, id: string, body: BodyOf<typeof suspendKey> = {}, caller: CallerInput = {}) {
    return this.#perform(suspendKey, { account, id, body, caller });
  }

  resumeKey(account: string, id: string, caller: CallerInput = {}) {
    return this.#perform(resumeKey, { account, id, caller });
  }

  revokeKey(account: string, id: string, body: BodyOf<typeof revokeKey> = {}, caller: CallerInput = {}) {
    return this.#perform(revokeKey, { account, id, body, caller });
  }

  rotateKey(account: string, id: string, body: BodyOf<typeof rotateKey> = {}, caller: CallerInput = {}) {
    return this.#perform(rotateKey, { account, id, body, caller });
  }

  revokeAll(account: string, body: BodyOf<typeof revokeAll> = {}, caller: CallerInput = {}) {
    return this.#perform(revokeAll, { account, body, caller });
  }

  importKeys(account: string, keys: readonly ImportRow[], caller: CallerInput = {}) {
    return this.#perform(importKeys, { account, body: { keys }, caller });
  }

  listEvents(account: string, query: QueryOf<typeof listEvents> = {}) {
    return this.#perform(listEvents, { account, query });
  }

  changeAccount(account: string, body: BodyOf<typeof changeAccount>, caller: CallerInput = {}) {
    return this.#perform(changeAccount, { account, body, caller });
  }

  suspendAccount(account: string, body: BodyOf<typeof suspendAccount> = {}, caller: CallerInput = {}) {
    return this.#perform(suspendAccount, { account, body, caller });
  }

  resumeAccount(account: string, caller: CallerInput = {}) {
    return this.#perform(resumeAccount, { account, caller });
  }

  /** A link to the account's key page, on `CONTROL_HOST` or else at `PUBLIC_ORIGIN`. */
  createPortalSession(
    account: string,
    body: BodyOf<typeof createPortalSession> = {},
    caller: CallerInput = {},
  ) {
    return this.#perform(createPortalSession, { account, body, caller });
  }

  endPortalSessions(account: string, caller: CallerInput = {}) {
    return this.#perform(endPortalSessions, { account, caller });
  }

  getAccount(account: string) {
    return this.#perform(getAccount, { account });
  }

  /** Rebuilds one page; repeat with `next_cursor` until it is null. */
  rebuildKv(account: string, body: BodyOf<typeof rebuildKv> = {}, caller: CallerInput = {}) {
    return this.#perform(rebuildKv, { account, body, caller });
  }

  /** `address`: the network address of the client that shows the key, by which guesses are counted. */
  revokeByPossession(secret: string, address?: string) {
    return this.#perform(revokeByPossession, { body: { secret }, address });
  }

  /** The key with this text; `address` as above. */
  identifyKey(secret: string, address?: string) {
    return this.#perform(identifyKey, { body: { secret }, address });
  }

  /** A round trip to KV and to a ledger. */
  health() {
    return this.#perform(health, {});
  }

  async #perform<Answer extends object>(
    operation: Operation<Answer>,
    request: Omit<OperationRequest, "credential">,
  ): Promise<KeyServiceResult<Answer>> {
    const context = isolateContext();
    if (isRefusal(context)) return failed(context);
    const origin = keyPageOrigin(context.settings);
    const requestId = crypto.randomUUID();
    try {
      const result = await context.controlPlane.perform(operation, {
        ...request,
        origin,
        requestId,
        credential: credentialOfBinding(this.ctx.props),
      });
      return isRefusal(result) ? failed(result) : { ok: true, value: result };
    } catch (error) {
      logException(requestId, error);
      return failed({ reason: "exception" });
    }
  }
}

function keyPageOrigin({ controlHost, publicOrigin }: Settings): string {
  return controlHost === null ? publicOrigin : `${new URL(publicOrigin).protocol}//${controlHost}`;
}

function failed(refusal: Refusal): { readonly ok: false; readonly error: KeyServiceError } {
  const { status, code, error, details } = publicAnswer(refusal);
  return { ok: false, error: { status, code, error, ...(details && { details }) } };
}
