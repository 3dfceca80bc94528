/** The type of a ledger behind its stub. Its methods pass plain data, so no RPC stub needs disposing. */
import type { DurableObject } from "cloudflare:workers";
import type { KeyLedger } from "../ledger/key-ledger.ts";

type Remote<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never;

export type RemoteLedger = {
  readonly [Name in Exclude<keyof KeyLedger, keyof DurableObject>]: Remote<KeyLedger[Name]>;
};
