/**
 * Compares the whole gateway with an oracle of the policy (policy-oracle.ts): random requests of every method, path and
 * key that fast-check generates, over raw sockets on the built bundle.
 *
 * Promise: each request gets the status that the policy requires; the origin for its key receives exactly the request
 * that was judged, and the other origin receives nothing. A failure prints the seed to replay.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { type Header, rawRequest } from "../../support/raw-http.ts";
import { eventually } from "../../support/time-limits.ts";
import { IS_WHOLE } from "../share.ts";
import { type OracleKey, requiredOutcome } from "./policy-oracle.ts";
import { TermsOfKey, termsChange } from "./terms-of-key.ts";

const RUNS = IS_WHOLE ? 3000 : 300;
const CHANGES = IS_WHOLE ? 100 : 8;

const KEYS = [
  { mode: "live", permissions: [] },
  { mode: "test", permissions: [] },
  { mode: "live", permissions: ["posts:read"] },
  { mode: "live", permissions: ["posts:write", "accounts:write"] },
  { mode: "test", permissions: ["accounts:read", "accounts:write"] },
  { mode: "live", permissions: ["presets:read", "presets:write", "webhooks:read"] },
  { mode: "live", permissions: [], addressesFrom: ["203.0.113.", "2001:db8:"] },
  { mode: "test", permissions: ["posts:read"], addressesFrom: ["203.0.113."] },
  { mode: "live", permissions: [], isSuspended: true },
  { mode: "live", permissions: [], isLimitUsedUp: true },
  { mode: "test", permissions: ["posts:read"], isLimitUsedUp: true },
  { mode: "live", permissions: [], isAccountSuspended: true },
  { mode: "live", permissions: [], accountAddressesFrom: ["203.0.113."] },
  {
    mode: "test",
    permissions: ["posts:read"],
    addressesFrom: ["203.0.113.", "2001:db8:"],
    accountAddressesFrom: ["2001:db8:"],
  },
] as const satisfies readonly OracleKey[];

/** More than a lease, on a slow machine. */
const LIMIT_MS = 10_000;
const ONE_PUBLISH = { requests_per_minute: 1_000_000, publish_per_hour: 1 };

const ADDRESSES = ["203.0.113.7", "203.0.114.7", "2001:db8::1", "2001:db9::1"] as const;

/** Invalid credentials, some of them derived from a valid key. */
const INVALID: readonly ((key: string) => string | null)[] = [
  () => null,
  (key) => `Basic ${key}`,
  (key) => `Bearer ${key}x`,
  (key) => `Bearer ${key} ${key}`,
  (key) => `Bearer ${key.includes("_live_") ? key.replace("live", "test") : key.replace("test", "live")}`,
  (key) => `Bearer ${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`,
];

const word = fc.constantFrom(
  "posts",
  "accounts",
  "presets",
  "webhooks",
  "publish",
  "x",
  "post_1",
  "Posts",
  "v1",
);
const odd = fc.constantFrom(
  "..",
  ".",
  "%2e%2e",
  ".%2E",
  "%2e",
  "",
  "...",
  "%2f",
  "%5c",
  "a%00b",
  "%70osts",
  "a.b",
  "a;b",
  "~",
  "b".repeat(129),
);
const separator = fc.oneof({ weight: 12, arbitrary: fc.constant("/") }, fc.constantFrom("\\", "//"));
const segment = fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: odd });
const oddPath = fc
  .array(fc.tuple(separator, segment), { maxLength: 6 })
  .map((parts) => `/v1${parts.map((part) => part.join("")).join("")}`);
const route = fc.constantFrom(
  "/v1/posts",
  "/v1/posts/p1",
  "/v1/posts/p1/publish",
  "/v1/accounts",
  "/v1/accounts/a1",
  "/v1/presets/p-1",
  "/v1/webhooks",
  "/v1/webhooks/w1",
);
const request = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"),
  path: fc.oneof(route, oddPath),
  query: fc.constantFrom("", "?", "?a=1&a=2", "?x=/../v1/accounts", "?_method=DELETE", "?a=%2e%2e%zz"),
  body: fc.constantFrom(null, "", '{"a":1}'),
  key: fc.nat(KEYS.length - 1),
  address: fc.constantFrom(...ADDRESSES),
  invalid: fc.option(fc.nat(INVALID.length - 1), { freq: 5 }),
});

let cluster: GatewayCluster;
let keys: IssuedKey[];

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, settings: { LEASE_MS: 100, LEASE_MARGIN_MS: 60 } });
  keys = [];
  for (const [at, terms] of (KEYS as readonly OracleKey[]).entries()) {
    const { mode, permissions, isLimitUsedUp } = terms;
    const limits = isLimitUsedUp ? ONE_PUBLISH : null;
    const key = await cluster.createKey({ account: `fuzz_${at}`, mode, permissions, limits });
    await new TermsOfKey(cluster, key).changeTo(terms);
    keys.push(key);
  }
});
afterAll(() => cluster?.close());

test("answers and forwards every request as the policy requires", async () => {
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, body, key: index, address, invalid }) => {
      const { secret = "" } = keys[index] ?? {};
      const credential = invalid === null ? `Bearer ${secret}` : INVALID[invalid]?.(secret);
      const headers: Header[] = [["CF-Connecting-IP", address]];
      if (KEYS[index] && "isLimitUsedUp" in KEYS[index]) await useUpLimit(secret);
      if (credential) headers.push(["Authorization", credential]);
      for (const origin of [cluster.live, cluster.sandbox]) origin.clear();

      const sent = { method, target: path + query, headers, ...(body === null ? {} : { body }) };
      const { status } = await rawRequest(cluster.gateway(0), sent);

      const key: OracleKey | null = invalid === null ? (KEYS[index] ?? null) : null;
      const expected = requiredOutcome({ method, path, hasBody: Boolean(body), key, address });
      const forwarded = expected.path === null ? [] : [`${method} ${expected.path}${query}`];
      expect({ status, ...forwardedTo() }).toEqual({
        status: expected.status,
        live: key?.mode === "live" ? forwarded : [],
        sandbox: key?.mode === "test" ? forwarded : [],
      });
    }),
    { numRuns: RUNS },
  );
});

test("after each change of its terms a key does what they allow, on every gateway", async () => {
  const key = await cluster.createKey({ account: "fuzz_terms" });
  const terms = new TermsOfKey(cluster, key);
  const steps = fc.tuple(termsChange, fc.array(request, { minLength: 1, maxLength: 2 }));
  await fc.assert(
    fc.asyncProperty(steps, async ([change, requests]) => {
      await terms.changeTo({ ...terms.current, ...change });
      for (const { method, path, address, body } of requests) {
        const { status } = requiredOutcome({
          method,
          path,
          hasBody: Boolean(body),
          key: terms.current,
          address,
        });
        const sent = {
          method,
          target: path,
          headers: [
            ["CF-Connecting-IP", address],
            ["Authorization", `Bearer ${key.secret}`],
          ] as const,
          ...(body === null ? {} : { body }),
        };
        for (const gateway of [0, 1]) {
          const first = await rawRequest(cluster.gateway(gateway), sent);
          // What was taken away is gone at once; what was given follows within a lease.
          if (status !== 200) expect(first.status).not.toBe(200);
          const isRight = async () => (await rawRequest(cluster.gateway(gateway), sent)).status === status;
          if (first.status !== status) await eventually(`${status} for ${method} ${path}`, isRight, LIMIT_MS);
        }
      }
    }),
    // The next change begins with the terms of this one, so a failure cannot be made smaller.
    { numRuns: CHANGES, endOnFailure: true },
  );
});

/** Each time: a window may have ended since the last. A request that is refused for its permission counts too. */
async function useUpLimit(secret: string): Promise<void> {
  await rawRequest(cluster.gateway(0), {
    method: "POST",
    target: "/v1/posts/p1/publish",
    headers: [["Authorization", `Bearer ${secret}`]],
  });
}

function forwardedTo() {
  const lines = (origin: "live" | "sandbox") =>
    cluster[origin].requests.map(({ method, target }) => `${method} ${target}`);
  return { live: lines("live"), sandbox: lines("sandbox") };
}
