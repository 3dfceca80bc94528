/** The session's account, and the limits of its plan. */
import { getAccount } from "../control/operations/accounts.ts";
import type { Account } from "../keys/account.ts";
import { limitsOf } from "../rate-limits.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { perform } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";
import { texts } from "./texts.ts";

export function loadAccount(c: PortalRequest): Promise<Account | Refusal> {
  return perform(c, getAccount);
}

/** The limits of the plan, which apply to a key without its own, as a sentence. */
export async function planText(c: PortalRequest): Promise<string | Refusal> {
  const account = await loadAccount(c);
  if (isRefusal(account)) return account;
  const limits = limitsOf(account.tier);
  const { plan, noPlan } = texts.create;
  return limits === null ? noPlan : plan(limits.requests, limits.publish);
}
