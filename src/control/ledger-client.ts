/**
 * Calls a ledger, named by its account or by a key's locator, within the time that the call can need. An unreachable, slow or overloaded ledger is a
 * refusal; any other exception is a fault and is thrown. Does not check the account's name or the input: that has been
 * done before.
 */
import type { Env } from "../env.ts";
import { accountLocator } from "../keys/locator.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { type AccountCalls, onBehalfOf, type RemoteLedger } from "./remote-ledger.ts";

/** Writes of very many rows or KV entries. */
const BULK_MS = 60_000;

/** Without enough time for these, the caller would get 503 for what is carried out. */
type LongWait =
  /** The leases on the key have to end. */
  | "leases"
  /** One KV entry is written, with a time limit of its own. */
  | "kv"
  | "bulk";

export interface LedgerCallOptions {
  /** Whether the call is made again when the first attempt fails. */
  readonly retry: boolean;
  /** What the ledger waits for beyond its own rows. */
  readonly waitsFor: readonly LongWait[];
}

export class LedgerClient {
  readonly #ledgers: Env["KEY_LEDGER"];
  readonly #settings: Settings;

  constructor(ledgers: Env["KEY_LEDGER"], settings: Settings) {
    this.#ledgers = ledgers;
    this.#settings = settings;
  }

  async call<Answer extends object>(
    account: string,
    call: (ledger: RemoteLedger) => Promise<Answer | Refusal>,
    options: Partial<LedgerCallOptions> = {},
  ): Promise<Answer | Refusal> {
    const locator = await accountLocator(account);
    return await this.#call(locator, (ledger: AccountCalls) => call(onBehalfOf(account, ledger)), options);
  }

  /** The ledger that a key names, whose account is not known. */
  callByLocator<Answer extends object>(
    locator: string,
    call: (ledger: Pick<RemoteLedger, "getKeyByHash" | "revokeKeyByHash">) => Promise<Answer | Refusal>,
    options: Partial<LedgerCallOptions> = {},
  ): Promise<Answer | Refusal> {
    return this.#call(locator, (ledger: RemoteLedger) => call(ledger), options);
  }

  async #call<Ledger, Answer extends object>(
    locator: string,
    call: (ledger: Ledger) => Promise<Answer | Refusal>,
    { retry = false, waitsFor = [] }: Partial<LedgerCallOptions>,
  ): Promise<Answer | Refusal> {
    const ledgerCall = {
      limitMs: this.#settings.ledgerTimeoutMs + this.#waitMs(waitsFor),
      repeatable: retry,
      locationHint: this.#settings.ledgerLocation,
    };
    try {
      return await callLedger(this.#ledgers, locator, ledgerCall, call);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { reason: "ledger_unreachable" };
    }
  }

  #waitMs(waitsFor: readonly LongWait[]): number {
    const { leaseMaxMs, leaseMarginMs, ledgerTimeoutMs } = this.#settings;
    // The longest lease, stretched or not; a second margin, since timers fire late.
    const waits = { leases: leaseMaxMs + 2 * leaseMarginMs, kv: ledgerTimeoutMs, bulk: BULK_MS };
    return waitsFor.reduce((sum, wait) => sum + waits[wait], 0);
  }
}
