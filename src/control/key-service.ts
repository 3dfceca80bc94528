/**
 * The control plane over RPC, for a dashboard that is a Worker itself: bind it as a service with the
 * entrypoint `KeyService`. The binding is the permission; nobody outside the account can make one.
 *
 * Every method answers `{ ok: true, value }` or `{ ok: false, error }`, the error being what HTTP would
 * have answered; nothing is thrown for what a caller did wrong.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type * as v from "valibot";
import type { Env } from "../env.ts";
import { UNKNOWN_ADDRESS } from "../http/client-address.ts";
import { isolateContext } from "../isolate-context.ts";
import { isRefusal, publicAnswer, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type {
  CallerInput,
  changeInput,
  eventListQuery,
  importRowInput,
  keyListQuery,
  newKeyInput,
  rebuildInput,
  revocationInput,
  revokeAllInput,
  rotationInput,
  tierInput,
} from "./control-input.ts";
import type { KeyOperations } from "./key-operations.ts";
import type { portalSessionInput } from "./portal-sessions.ts";

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
  createKey(account: string, key: v.InferInput<typeof newKeyInput>, caller: CallerInput = {}) {
    return this.#result((operations) => operations.createKey(account, key, caller));
  }

  listKeys(account: string, query: v.InferInput<typeof keyListQuery> = {}) {
    return this.#result((operations) => operations.listKeys(account, query));
  }

  getKey(account: string, keyId: string) {
    return this.#result((operations) => operations.getKey(account, keyId));
  }

  changeKey(
    account: string,
    keyId: string,
    change: v.InferInput<typeof changeInput>,
    caller: CallerInput = {},
  ) {
    return this.#result((operations) => operations.changeKey(account, keyId, change, caller));
  }

  revokeKey(
    account: string,
    keyId: string,
    input: v.InferInput<typeof revocationInput> = {},
    caller: CallerInput = {},
  ) {
    return this.#result((operations) => operations.revokeKey(account, keyId, input, caller));
  }

  rotateKey(
    account: string,
    keyId: string,
    input: v.InferInput<typeof rotationInput> = {},
    caller: CallerInput = {},
  ) {
    return this.#result((operations) => operations.rotateKey(account, keyId, input, caller));
  }

  revokeAll(account: string, filter: v.InferInput<typeof revokeAllInput> = {}, caller: CallerInput = {}) {
    return this.#result((operations) => operations.revokeAll(account, filter, caller));
  }

  importKeys(
    account: string,
    keys: readonly v.InferInput<typeof importRowInput>[],
    caller: CallerInput = {},
  ) {
    return this.#result((operations) => operations.importKeys(account, { keys }, caller));
  }

  listEvents(account: string, query: v.InferInput<typeof eventListQuery> = {}) {
    return this.#result((operations) => operations.listEvents(account, query));
  }

  setTier(account: string, tier: v.InferInput<typeof tierInput>["tier"], caller: CallerInput = {}) {
    return this.#result((operations) => operations.setTier(account, { tier }, caller));
  }

  /** A link to the account's key page, on `CONTROL_HOST` or else at `PUBLIC_ORIGIN`. */
  createPortalSession(
    account: string,
    input: v.InferInput<typeof portalSessionInput> = {},
    caller: CallerInput = {},
  ) {
    return this.#result((operations, { controlHost, publicOrigin }) => {
      const { protocol } = new URL(publicOrigin);
      const origin = controlHost === null ? publicOrigin : `${protocol}//${controlHost}`;
      return operations.portal.create(account, input, caller, origin);
    });
  }

  getAccount(account: string) {
    return this.#result((operations) => operations.getAccount(account));
  }

  /** A page of an account's KV entries, written again from its ledger; then the next, until `next_cursor` is null. */
  rebuildKv(account: string, page: v.InferInput<typeof rebuildInput> = {}, caller: CallerInput = {}) {
    return this.#result((operations) => operations.rebuildKv(account, page, caller));
  }

  /** Ends the key whose text this is. `address`: the client's who shows it, by which guesses are counted. */
  revokeByPossession(secret: string, address: string = UNKNOWN_ADDRESS) {
    return this.#result((operations) => operations.revokeByPossession({ secret }, String(address)));
  }

  /** A round trip to KV and to a ledger. */
  health() {
    return this.#result((operations) => operations.health());
  }

  async #result<Value extends object>(
    run: (operations: KeyOperations, settings: Settings) => Promise<Value | Refusal>,
  ): Promise<KeyServiceResult<Value>> {
    const parts = isolateContext(this.env);
    if ("invalidSetting" in parts) return failed({ reason: "invalid_setting" });
    const result = await run(parts.operations, parts.settings);
    return isRefusal(result) ? failed(result) : { ok: true, value: result };
  }
}

function failed(refusal: Refusal): { readonly ok: false; readonly error: KeyServiceError } {
  const { status, code, error, details } = publicAnswer(refusal);
  return { ok: false, error: { status, code, error, ...(details && { details }) } };
}
