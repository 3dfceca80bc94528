/**
 * The demo origin's /v1/accounts: the social accounts an Octopost account has connected.
 * Read and disconnect only; connecting is done by OAuth in the dashboard, not over the API.
 */
import { Hono } from "hono";
import { newestFirst } from "./account-data.ts";
import type { OriginEnv } from "./origin-identity.ts";
import { found, refuseMethod } from "./origin-refusals.ts";

export function accountRoutes(): Hono<OriginEnv> {
  return new Hono<OriginEnv>()
    .get("/", (c) => c.json({ accounts: newestFirst(c.var.data.accounts) }))
    .all("/", refuseMethod)
    .get("/:id", (c) => c.json(found(c.var.data.accounts, c.req.param("id"), "Account")))
    .delete("/:id", (c) => {
      const account = found(c.var.data.accounts, c.req.param("id"), "Account");
      c.var.data.accounts.delete(account.id);
      return c.body(null, 204);
    })
    .all("/:id", refuseMethod);
}
