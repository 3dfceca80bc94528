/**
 * Whose data a request is for: the account in the gateway's signed word (verify-assertion.ts), and nothing
 * else that the request says. Seeds an account's data on its first visit.
 */
import { createMiddleware } from "hono/factory";
import type { AccountData, OriginMode } from "./account-data.ts";
import { seedAccountData } from "./seed-account.ts";
import type { CallerEnv } from "./verify-assertion.ts";

export interface OriginEnv {
  Variables: CallerEnv["Variables"] & { data: AccountData };
}

/** The keys that each origin is for. */
export const KEY_MODE = { live: "live", sandbox: "test" } as const satisfies Record<OriginMode, string>;

export function openAccount(mode: OriginMode, now: () => Date) {
  const dataByAccount = new Map<string, AccountData>();

  return createMiddleware<OriginEnv>(async (c, next) => {
    const { account } = c.var.caller;
    let data = dataByAccount.get(account);
    if (data === undefined) {
      data = seedAccountData(mode, now());
      dataByAccount.set(account, data);
    }
    c.set("data", data);
    await next();
  });
}
