/**
 * Performs the operations of the control plane for HTTP, RPC and the key page alike.
 *
 * Guarantees that an operation runs only with a credential that has the right to it, and on input that has passed its
 * schemas. Keeps no state and knows no rule about keys: those are the ledger's. Does not authenticate: the caller has
 * done so.
 */
import type { Env } from "../env.ts";
import { UNKNOWN_ADDRESS } from "../http/client-address.ts";
import type { KeyFinder } from "../keys/find-key.ts";
import type { CallMetadata } from "../ledger/idempotency-store.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { Problems } from "./check-input.ts";
import { accountInput, addressInput, callerInput, keyIdInput, NO_PARAMETERS } from "./control-input.ts";
import { refuseOutside } from "./credential.ts";
import { LedgerClient } from "./ledger-client.ts";
import type { CheckedRequest, ControlContext, Operation, OperationRequest } from "./operation.ts";
import { PortalSessions } from "./portal-sessions.ts";
import { RevokedKeys } from "./revoked-keys.ts";
import { SecretScanning } from "./secret-scanning.ts";

export class ControlPlane {
  readonly portal: PortalSessions;
  readonly secretScanning: SecretScanning;
  readonly #context: ControlContext;

  constructor(env: Env, settings: Settings, finder: KeyFinder, now: () => number) {
    const ledgers = new LedgerClient(env.KEY_LEDGER, settings);
    this.portal = new PortalSessions(ledgers, settings);
    this.secretScanning = new SecretScanning(settings, finder, ledgers, now);
    const revokedKeys = new RevokedKeys(now);
    this.#context = { env, settings, ledgers, finder, portal: this.portal, revokedKeys, now };
  }

  async perform<Answer extends object>(
    operation: Operation<Answer>,
    request: OperationRequest,
  ): Promise<Answer | Refusal> {
    const checked =
      refuseOutside(request.credential, operation, request.account) ?? checkRequest(operation, request);
    return isRefusal(checked) ? checked : await operation.run(this.#context, checked);
  }
}

/** Every part of the request that the operation has, checked; every problem of every part otherwise. */
function checkRequest(
  operation: Operation,
  request: OperationRequest,
): CheckedRequest<object, object> | Refusal {
  const problems = new Problems();
  const has = (parameter: string) => operation.path.includes(`{${parameter}}`);
  const account = has("account") ? problems.check(accountInput, request.account, "account") : "";
  const id = has("id") ? problems.check(keyIdInput, request.id, "id") : "";
  const query = problems.check(
    operation.query ?? NO_PARAMETERS,
    request.query === undefined ? {} : request.query,
    "query",
  );
  const body = operation.body ? problems.check(operation.body, request.body, "body") : {};
  const named = request.caller === undefined ? {} : problems.check(callerInput, request.caller, "caller");
  const caller: CallMetadata = {
    credential: request.credential.id,
    actor: { name: request.credential.name, claimed: named?.actor ?? null },
    idempotencyKey: named?.idempotency_key ?? null,
  };
  const address = problems.check(addressInput, request.address ?? UNKNOWN_ADDRESS, "address");
  const { origin = "", requestId = "" } = request;
  const checked = { account, id, query, body, caller, address, origin, requestId };
  return problems.refusal() ?? (checked as CheckedRequest<object, object>);
}
