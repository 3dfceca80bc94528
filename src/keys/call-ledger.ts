/**
 * A call to an account's ledger: the platform's own retries off, a time limit raced, a fresh stub for
 * every attempt (a stub stays broken after an error).
 */
import type { DurableObject } from "cloudflare:workers";
import type { Env } from "../bindings.ts";
import type { KeyLedger } from "../ledger/key-ledger.ts";
import { TimeLimitExceeded, withTimeLimit } from "./time-limit.ts";

type Remote<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never;

/** The ledger's methods as a caller sees them. They pass plain data, so nothing needs disposing of. */
export type LedgerStub = {
  readonly [Name in Exclude<keyof KeyLedger, keyof DurableObject>]: Remote<KeyLedger[Name]>;
};

export interface LedgerCall {
  readonly limitMs: number;
  /** Whether the call may be made a second time when the first one failed. */
  readonly repeatable: boolean;
}

/** Rejects when the ledger fails, or does not answer within `limitMs` in all. */
export async function callLedger<T>(
  namespace: Env["KEY_LEDGER"],
  account: string,
  { limitMs, repeatable }: LedgerCall,
  call: (ledger: LedgerStub) => Promise<T>,
): Promise<T> {
  const attempt = () => {
    const stub = namespace.getByName(account, { retry: { maxRetries: 0, timeoutMs: limitMs } });
    return call(stub as unknown as LedgerStub);
  };
  const attempts = async () => {
    try {
      return await attempt();
    } catch (error) {
      if (!repeatable || isOverloaded(error)) throw error;
      return await attempt();
    }
  };
  return await withTimeLimit(attempts(), limitMs);
}

/** An overloaded object gets worse by being asked again. */
function isOverloaded(error: unknown): boolean {
  return (
    error instanceof TimeLimitExceeded || (error as { overloaded?: boolean } | null)?.overloaded === true
  );
}
