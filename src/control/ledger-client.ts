/**
 * Calls a ledger, named by its account or by a key's locator, with a time limit that fits the call.
 *
 * An unreachable, slow or overloaded ledger is a refusal; any other exception is a fault and is thrown. Does not check
 * the account's name or the input: the caller has done so.
 */
import type { Env } from "../env.ts";
import { accountLocator } from "../keys/locator.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { withTimeLimit } from "../keys/time-limit.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { LedgerLocation } from "../ledger-locations.ts";
import type { Refusal } from "../refusals.ts";
import { LEASE_MAX_LIMIT_MS, type Settings } from "../settings.ts";
import { type AccountCalls, onBehalfOf, type RemoteLedger } from "./remote-ledger.ts";

/** Writes of very many rows or KV entries. */
const BULK_MS = 60_000;

/** Waits beyond `LEDGER_TIMEOUT_MS`. Without time for them, the caller would get 503 for a call that succeeds. */
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
  /** Where the ledger is created if this is the first call to it; null: `LEDGER_LOCATION`. */
  readonly locationHint: LedgerLocation | null;
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

  /** Calls the ledger that a key names by its locator; the account is not known. */
  callByLocator<Answer extends object>(
    locator: string,
    call: (
      ledger: Pick<RemoteLedger, "getKeyByHash" | "revokeKeyByHash" | "exposeKeyByHash">,
    ) => Promise<Answer | Refusal>,
    options: Partial<LedgerCallOptions> = {},
  ): Promise<Answer | Refusal> {
    return this.#call(locator, (ledger: RemoteLedger) => call(ledger), options);
  }

  async #call<Ledger, Answer extends object>(
    locator: string,
    call: (ledger: Ledger) => Promise<Answer | Refusal>,
    { retry = false, waitsFor = [], locationHint = null }: Partial<LedgerCallOptions>,
  ): Promise<Answer | Refusal> {
    const usualMs = this.#settings.ledgerTimeoutMs + this.#waitMs(waitsFor);
    const waitsForLeases = waitsFor.includes("leases");
    const ledgerCall = {
      limitMs: waitsForLeases ? usualMs + LEASE_MAX_LIMIT_MS : usualMs,
      repeatable: retry,
      locationHint: locationHint ?? this.#settings.ledgerLocation,
    };
    try {
      const work = callLedger(this.#ledgers, locator, ledgerCall, call);
      return await (waitsForLeases ? this.#whileLeasesLast(locator, work, usualMs) : work);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { reason: "ledger_unreachable" };
    }
  }

  /**
   * The result of `work`. When `usualMs` have passed, it asks the ledger: right after LEASE_MAX_MS was lowered, longer
   * leases may be in use than the settings know.
   */
  async #whileLeasesLast<Answer>(locator: string, work: Promise<Answer>, usualMs: number): Promise<Answer> {
    if (await isSettledWithin(work, usualMs)) return await work;
    const { leaseMaxMs, leaseMarginMs, ledgerTimeoutMs } = this.#settings;
    const call = { limitMs: ledgerTimeoutMs, repeatable: false };
    const { leaseBoundMs } = await callLedger(this.#ledgers, locator, call, (ledger: RemoteLedger) =>
      ledger.ping(),
    );
    return await withTimeLimit(work, Math.max(0, leaseBoundMs - leaseMaxMs - leaseMarginMs));
  }

  #waitMs(waitsFor: readonly LongWait[]): number {
    const { leaseMaxMs, leaseMarginMs, ledgerTimeoutMs } = this.#settings;
    // The longest lease, stretched or not; a second margin, since timers fire late.
    const waits = { leases: leaseMaxMs + 2 * leaseMarginMs, kv: ledgerTimeoutMs, bulk: BULK_MS };
    return waitsFor.reduce((sum, wait) => sum + waits[wait], 0);
  }
}

async function isSettledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timedOut = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = () => true;
  const isSettled = await Promise.race([work.then(settled, settled), timedOut]);
  clearTimeout(timer);
  return isSettled;
}
