/**
 * Asking an account's ledger: input, account and caller are checked first, and a ledger that cannot be reached is a
 * refusal like any other.
 */
import type * as v from "valibot";
import type { Env } from "../env.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { CallMetadata } from "../ledger/call-metadata.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { check } from "./check-input.ts";
import { accountInput, type CallerInput, callerInput } from "./control-input.ts";
import type { RemoteLedger } from "./remote-ledger.ts";

export class LedgerClient {
  readonly #ledgers: Env["KEY_LEDGER"];
  readonly #settings: Settings;

  constructor(ledgers: Env["KEY_LEDGER"], settings: Settings) {
    this.#ledgers = ledgers;
    this.#settings = settings;
  }

  /** Checks account, input and caller, then asks the ledger. */
  async call<Schema extends v.GenericSchema, Answer extends object>(
    account: string,
    schema: Schema,
    input: unknown,
    caller: CallerInput,
    call: (
      ledger: RemoteLedger,
      input: v.InferOutput<Schema>,
      by: CallMetadata,
    ) => Promise<Answer | Refusal> | Refusal,
    options: AskOptions = {},
  ): Promise<Answer | Refusal> {
    const checked = check(schema, input);
    if (isRefusal(checked)) return checked;
    const by = callMetadata(caller);
    if (isRefusal(by)) return by;
    return await this.callUnchecked(
      account,
      async (ledger) => await call(ledger, checked.value, by),
      options,
    );
  }

  async callUnchecked<Answer extends object>(
    account: string,
    call: (ledger: RemoteLedger) => Promise<Answer | Refusal>,
    { repeatable = false, waitsForLeases = false, writes = "rows" }: AskOptions = {},
  ): Promise<Answer | Refusal> {
    const checked = check(accountInput, account, "account");
    if (isRefusal(checked)) return checked;
    const { leaseMs, leaseMarginMs, ledgerTimeoutMs } = this.#settings;
    const waitMs = waitsForLeases ? leaseMs + 2 * leaseMarginMs : 0;
    const writeMs = { rows: 0, "a record": ledgerTimeoutMs, many: MANY_MS }[writes];
    const limitMs = ledgerTimeoutMs + waitMs + writeMs;
    try {
      return await callLedger(this.#ledgers, account, { limitMs, repeatable }, call);
    } catch {
      return { reason: "ledger_unreachable" };
    }
  }
}

/** What the ledger has to be given time for, or its caller would hear 503 of what was done. */
interface AskOptions {
  /** Whether the call may be made a second time when the first one failed. */
  readonly repeatable?: boolean;
  /** Whether the ledger itself may have to wait for the leases that are out. */
  readonly waitsForLeases?: boolean;
  /** Rows of its own; a KV entry, which has the same time limit again; or so many of either that it takes a while. */
  readonly writes?: "rows" | "a record" | "many";
}

const MANY_MS = 60_000;

export function callMetadata(caller: CallerInput): CallMetadata | Refusal {
  const checked = check(callerInput, caller);
  if (isRefusal(checked)) return checked;
  return { actor: checked.value.actor, idempotencyKey: checked.value.idempotency_key ?? null };
}
