/**
 * The changes of terms that a run makes, of the changing key or of the account: what each writes, which requests a
 * restriction forbids, and what undoes it.
 */
import type { Terms } from "../../../src/leases/protocol.ts";
import type { LeaseRow } from "./ledger-rules.ts";
import type { KeyName, RequestPlan } from "./scenario.ts";

/** The account's row, as far as it decides on leases. */
export interface AccountRow {
  readonly suspended_at: number | null;
  readonly allowed_ips: Terms["account_allowed_ips"];
}

interface TermsChangeRules {
  /** Columns of the changing key. */
  readonly key?: (row: LeaseRow, now: number) => Partial<LeaseRow>;
  readonly account?: (row: AccountRow, now: number) => Partial<AccountRow>;
  /** Absent: the change restricts nothing. */
  readonly forbids?: (plan: RequestPlan) => boolean;
  readonly undoneBy?: TermsChange;
}

export type TermsChange =
  | "suspend"
  | "resume"
  | "narrow"
  | "widen"
  | "narrow addresses"
  | "widen addresses"
  | "suspend account"
  | "resume account"
  | "narrow account's addresses"
  | "widen account's addresses";

export const INSIDE = "203.0.113.7";
export const OUTSIDE = "198.51.100.1";
const NETWORKS: AccountRow["allowed_ips"] = ["203.0.113.0/24"];

/** What `narrow` leaves of full access. */
export const NARROW: Terms["permissions"] = ["posts:read"];

const ofKey = ({ key }: { readonly key: KeyName }) => key === "changing";

export const TERMS_CHANGES: Readonly<Record<TermsChange, TermsChangeRules>> = {
  suspend: {
    key: ({ suspended_at }, now) => ({ suspended_at: suspended_at ?? now }),
    forbids: ofKey,
    undoneBy: "resume",
  },
  resume: { key: () => ({ suspended_at: null }) },
  narrow: {
    key: () => ({ permissions: NARROW }),
    forbids: (plan) => ofKey(plan) && plan.writes,
    undoneBy: "widen",
  },
  widen: { key: () => ({ permissions: [] }) },
  "narrow addresses": {
    key: () => ({ allowed_ips: NETWORKS }),
    forbids: (plan) => ofKey(plan) && plan.outside,
    undoneBy: "widen addresses",
  },
  "widen addresses": { key: () => ({ allowed_ips: [] }) },
  "suspend account": {
    account: ({ suspended_at }, now) => ({ suspended_at: suspended_at ?? now }),
    forbids: () => true,
    undoneBy: "resume account",
  },
  "resume account": { account: () => ({ suspended_at: null }) },
  "narrow account's addresses": {
    account: () => ({ allowed_ips: NETWORKS }),
    forbids: ({ outside }) => outside,
    undoneBy: "widen account's addresses",
  },
  "widen account's addresses": { account: () => ({ allowed_ips: [] }) },
};
