/** What a lease and a request that uses it know of each other. No code. */
import type { Refusal } from "../refusals.ts";
import type { CallUser } from "./shared-call.ts";

/** The request that uses a lease. The gateway passes its request context, the simulator its own. */
export interface LeaseUser extends CallUser {
  /** Runs a ledger call that the request waits for. */
  waitForLedger(call: () => Promise<Refusal | null>): Promise<Refusal | null>;
  /** Logs a fault that no caller can catch. */
  logException(error: unknown): void;
}

/**
 * - `valid`: requests may pass.
 * - `renewable`: valid, and the next request renews it in the background, so that no request waits.
 * - `expired`: nothing may pass until the ledger grants another lease; never again after a permanent refusal.
 */
export type LeaseStatus = "valid" | "renewable" | "expired";
