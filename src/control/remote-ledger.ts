/** The type of a ledger behind its stub. Its methods pass plain data, so no RPC stub needs disposing. */
import type { KeyLedger, LedgerMethod } from "../ledger/key-ledger.ts";

type Remote<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never;

export type RemoteLedger = { readonly [Name in LedgerMethod]: Remote<KeyLedger[Name]> };

export interface AccountCalls {
  callFor(account: string, method: LedgerMethod, args: readonly unknown[]): Promise<unknown>;
}

/** The same ledger; every call states the account for which it is made, and the ledger refuses any other account. */
export function onBehalfOf(account: string, ledger: AccountCalls): RemoteLedger {
  const call =
    (method: LedgerMethod) =>
    (...args: readonly unknown[]) =>
      ledger.callFor(account, method, args);
  return new Proxy({} as RemoteLedger, { get: (_, method) => call(method as LedgerMethod) });
}
