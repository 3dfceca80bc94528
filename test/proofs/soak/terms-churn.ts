/**
 * Restricts keys and accounts during a soak for a moment, and relaxes them again: suspension, permissions, IP addresses.
 * Changes that restrict nothing, such as a name, come between.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { AcknowledgedAnswer } from "./control-calls.ts";
import { acknowledged } from "./control-calls.ts";
import type { Term } from "./key-terms.ts";
import type { SoakAccount, SoakContext, SoakKey } from "./soak-context.ts";

const RESTRICTED_MS = [50, 1500] as const;
/** The networks of `ADDRESSES`, by the beginning of their addresses. */
const NETWORKS = { "203.0.113.": "203.0.113.0/24", "2001:db8:": "2001:db8::/32" } as const;
const PERMISSIONS = [["posts:read"], ["posts:write", "presets:write"], ["accounts:read", "accounts:write"]];

/** Addresses of clients. */
export const ADDRESSES = ["203.0.113.7", "198.51.100.7", "2001:db8::7"] as const;

type Call = (
  action: string,
  keyId: string | null,
  method: string,
  path: string,
  body?: object,
) => Promise<AcknowledgedAnswer>;

export async function changeTerms(context: SoakContext, account: SoakAccount, key: SoakKey): Promise<void> {
  const call: Call = async (action, keyId, method, path, body) => {
    const answer = await acknowledged(context, method, `/accounts/${account.name}${path}`, body);
    context.events.add(account.name, action, keyId, answer.actor);
    return answer;
  };
  const { random } = context;
  const way = random.pick([...Object.keys(WAYS), "suspension", "permissions"] as (keyof typeof WAYS)[]);
  await WAYS[way](context, call, account, key);
}

const WAYS = {
  async suspension(context: SoakContext, call: Call, _account: SoakAccount, { id, terms }: SoakKey) {
    await restricted(context, terms.isSuspended, true, false, (isSuspended) =>
      call(
        isSuspended ? "suspended" : "resumed",
        id,
        "POST",
        `/keys/${id}/${isSuspended ? "suspend" : "resume"}`,
      ),
    );
  },

  async permissions(context: SoakContext, call: Call, _account: SoakAccount, { id, terms }: SoakKey) {
    await restricted(context, terms.permissions, context.random.pick(PERMISSIONS), [], (permissions) =>
      call("permissions_changed", id, "PATCH", `/keys/${id}`, { permissions }),
    );
  },

  async addresses(context: SoakContext, call: Call, _account: SoakAccount, { id, terms }: SoakKey) {
    const from = context.random.pick(Object.keys(NETWORKS));
    await restricted(context, terms.addressesFrom, [from], [], (beginnings) =>
      call("allowed_ips_changed", id, "PATCH", `/keys/${id}`, { allowed_ips: networksOf(beginnings) }),
    );
  },

  async name(context: SoakContext, call: Call, _account: SoakAccount, { id }: SoakKey) {
    await call("renamed", id, "PATCH", `/keys/${id}`, { name: `soak ${context.random.next()}` });
    await call("labels_changed", id, "PATCH", `/keys/${id}`, {
      labels: { n: String(context.random.next()) },
    });
  },

  async accountSuspension(context: SoakContext, call: Call, { terms }: SoakAccount) {
    await restricted(context, terms.isSuspended, true, false, (isSuspended) =>
      call(
        isSuspended ? "account_suspended" : "account_resumed",
        null,
        "POST",
        isSuspended ? "/suspend" : "/resume",
      ),
    );
  },

  async accountAddresses(context: SoakContext, call: Call, { terms }: SoakAccount) {
    const from = context.random.pick(Object.keys(NETWORKS));
    await restricted(context, terms.addressesFrom, [from], [], (beginnings) =>
      call("policy_changed", null, "PUT", "", { policy: { allowed_ips: networksOf(beginnings) } }),
    );
  },
};

function networksOf(beginnings: readonly string[]): string[] {
  return beginnings.map((beginning) => NETWORKS[beginning as keyof typeof NETWORKS]);
}

/** Changes a term to a stricter value, waits, and changes it back. */
async function restricted<Value>(
  { random }: SoakContext,
  term: Term<Value>,
  stricter: Value,
  usual: Value,
  change: (value: Value) => Promise<{ readonly answeredAt: number }>,
): Promise<void> {
  for (const value of [stricter, usual]) {
    const changing = term.change(value);
    const { answeredAt } = await change(value);
    changing.answered(answeredAt, value === stricter);
    await pause(random.between(...RESTRICTED_MS));
  }
}
