/**
 * docs/integration.md against a running gateway: the headers that an origin receives, the claims of the assertion, and
 * the binding of `KeyService`.
 */

import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { MESSAGE_TYPES } from "../../src/ledger/webhook-message.ts";
import { claimsFor, decoded, signedJwt, withClaims } from "../support/assertion-maker.ts";
import type { ClusterWorkers } from "../support/cluster-workers.ts";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { type Header, rawRequest } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { codeBlocks, codeIn, PROJECT, sectionOf, tableRows } from "./pages.ts";

const PAGE = "docs/integration.md";
const RECEIVED = sectionOf(PAGE, "What an origin receives");
const RPC = sectionOf(PAGE, "`KeyService` over RPC");

/** Set by the platform or by the HTTP client, not by the gateway. */
const OF_THE_CONNECTION = /^(?:host|connection|cf-worker|transfer-encoding|accept-encoding)$/;
/** Headers that a client may send and that the page does not list. */
const UNLISTED = ["Cookie", "Origin", "Referer", "Forwarded", "X-Api-Key", "X-Real-Ip", "Te", "From", "Dnt"];

/** The `props` of the page's binding, from its inline TOML. */
const [, NAME = "", MAY = ""] =
  /props = \{ name = "(.+?)", may = (\[.+?\]) \}/.exec(codeBlocks(RPC, "toml")[0] ?? "") ?? [];

/** A dashboard's Worker whose code and rights are the page's own. */
const DASHBOARD: ClusterWorkers[number] = {
  name: "dashboard",
  compatibilityDate: "2026-10-20",
  modules: true,
  script: `export default { async fetch(request, env) { ${codeBlocks(RPC, "ts")[0]} } };`,
  serviceBindings: {
    KEYS: { name: "gateway-0", entrypoint: "KeyService", props: { name: NAME, may: JSON.parse(MAY) } },
  },
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
};

let cluster: GatewayCluster;
let key: IssuedKey;
beforeAll(async () => {
  receiver = await receiverOfThePage();
  const { port } = receiver.address() as AddressInfo;
  const settings = { EVENTS_URL: `http://127.0.0.1:${port}/`, EVENTS_SECRET };
  cluster = await startCluster({ extraWorkers: [DASHBOARD], settings });
  key = await cluster.createKey({ permissions: ["posts:read", "posts:write"] });
});
afterAll(async () => {
  await cluster?.close();
  receiver?.closeAllConnections();
  receiver?.close();
});
beforeEach(() => cluster.live.clear());

const EVENTS_SECRET = `whsec_${Buffer.alloc(32, "events").toString("base64")}`;
let receiver: Server;

/** The page's receiver of key events, listening. */
async function receiverOfThePage(): Promise<Server> {
  const [code = ""] = codeBlocks(sectionOf(PAGE, "Key events"), "js");
  // Inside the project, so that the library is found.
  const directory = await mkdtemp(join(PROJECT, "node_modules", ".docs-test-"));
  await writeFile(join(directory, "receiver.mjs"), code);
  const before = process.env.EVENTS_SECRET;
  process.env.EVENTS_SECRET = EVENTS_SECRET;
  const module = await import(/* @vite-ignore */ pathToFileURL(join(directory, "receiver.mjs")).href);
  if (before === undefined) delete process.env.EVENTS_SECRET;
  else process.env.EVENTS_SECRET = before;
  await rm(directory, { recursive: true, force: true });
  await new Promise<void>((resolve) => module.receiver.listen(0, "127.0.0.1", resolve));
  return module.receiver;
}

describe("the page's receiver of key events", () => {
  test("prints each event of a key once, in order, and refuses what is not signed", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((...words) => void lines.push(words.slice(1).join(" ")));
    const { id } = await cluster.createKey({ account: "events", name: "CI" });
    await cluster.revoke("events", id);
    await eventually("both lines", () => lines.filter((line) => line.includes(id)).length === 2);
    const { port } = receiver.address() as AddressInfo;
    const forged = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      body: '{"type":"key.revoked"}',
    });
    expect(forged.status).toBe(400);
    vi.restoreAllMocks();
    expect(lines.filter((line) => line.includes(id))).toEqual([
      `key.created events ${id} CI`,
      `key.revoked events ${id} CI`,
    ]);
  });

  test("has every type of message, and no other", () => {
    const documented = tableRows(sectionOf(PAGE, "Key events")).flatMap(([types = ""]) => codeIn(types));
    const sent = new Set(Object.values(MESSAGE_TYPES).filter((type) => type !== null));
    expect(documented.sort()).toEqual([...sent].sort());
  });
});

/** The request that the origin received, as headers. */
async function received(headers: readonly Header[]): Promise<ReadonlyMap<string, string>> {
  const authorization: Header = ["Authorization", `Bearer ${key.secret}`];
  const address: Header = ["CF-Connecting-IP", "192.0.2.7"];
  const all = [authorization, address, ...headers];
  const request = { method: "POST", target: "/v1/posts?page=2", headers: all, body: "{}" };
  expect((await rawRequest(cluster.gateway(0), request)).status).toBe(200);
  const { rawHeaders } = await cluster.live.arrived();
  return new Map(rawHeaders.map(([name, value]) => [name.toLowerCase(), value]));
}

describe("the headers that an origin receives", () => {
  const [quotation = ""] = /^> [\s\S]*?\n\n/m.exec(RECEIVED) ?? [];
  const forwarded = codeIn(quotation).filter((name) => !["Content-Length", "Accept-Encoding"].includes(name));
  const added = tableRows(RECEIVED)
    .flatMap(([cell = ""]) => codeIn(cell))
    .filter((name) => /^(?:X-|Via)/.test(name));

  test("are the listed ones of the client, and the listed ones of the gateway", async () => {
    expect(forwarded.length).toBeGreaterThan(15);
    const headers = await received(
      [...forwarded, ...UNLISTED].map((name): Header => [name, "sent-by-the-client"]),
    );
    const names = [...headers.keys()].filter((name) => !OF_THE_CONNECTION.test(name));
    const documented = [...forwarded, "Content-Length", ...added].map((name) => name.toLowerCase());
    expect(names.sort()).toEqual(documented.filter((name) => !OF_THE_CONNECTION.test(name)).sort());
    for (const name of forwarded) expect(headers.get(name.toLowerCase()), name).toBe("sent-by-the-client");
  });

  test("do not have one that the client names in Connection", async () => {
    const headers = await received([
      ["Prefer", "return=minimal"],
      ["Connection", "Prefer"],
    ]);
    expect(headers.has("prefer")).toBe(false);
  });

  test("have the documented values", async () => {
    const headers = await received([]);
    expect(headers.get("x-octopost-account")).toBe(key.account);
    expect(headers.get("x-octopost-key-id")).toBe(key.id);
    expect(headers.get("x-octopost-mode")).toBe("live");
    expect(headers.get("x-octopost-permissions")).toBe("posts:read posts:write");
    expect(headers.get("x-forwarded-for")).toBe("192.0.2.7");
    expect(headers.get("via")).toBe("1.1 octopost");
  });
});

test("the assertion has the documented claims, and no other", async () => {
  const jwt = (await received([])).get("x-octopost-assertion") ?? "";
  const [header, claims] = jwt.split(".").slice(0, 2).map(decoded) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const documented = tableRows(RECEIVED)
    .flatMap(([cell = ""]) => codeIn(cell))
    .filter((name) => !/^(?:X-|Via)/.test(name));
  expect(Object.keys(claims).sort()).toEqual(documented.sort());
  expect(header).toMatchObject({ alg: "EdDSA", kid: expect.any(String) });
  expect(claims).toMatchObject({
    iss: "https://api.octopost.ink",
    aud: cluster.live.url,
    sub: key.account,
    key_id: key.id,
    mode: "live",
    scope: "posts:read posts:write",
    exp: Number(claims.iat) + 60,
  });
});

describe("the page's verification of the assertion", () => {
  let callerOf: (jwt: string) => Promise<{ account: string; keyId: string; scope: string }>;
  let directory: string;
  beforeAll(async () => {
    const [code = ""] = codeBlocks(sectionOf(PAGE, "Verifying the assertion"), "js");
    const { host, port } = cluster.gateway(0);
    const filledIn = code
      .replace("https://api.octopost.ink/.well-known", `http://${host}:${port}/.well-known`)
      .replace("https://live-origin.octopost.ink", cluster.live.url);
    // Inside the project, so that `jose` is found.
    directory = await mkdtemp(join(PROJECT, "node_modules", ".docs-test-"));
    await writeFile(join(directory, "verify.mjs"), filledIn);
    ({ callerOf } = await import(/* @vite-ignore */ pathToFileURL(join(directory, "verify.mjs")).href));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("identifies the caller of a request that the gateway forwarded", async () => {
    const jwt = (await received([])).get("x-octopost-assertion") ?? "";
    expect(await callerOf(jwt)).toEqual({
      account: key.account,
      keyId: key.id,
      scope: "posts:read posts:write",
    });
  });

  test("refuses a missing, altered or expired assertion, and one for the other origin or mode", async () => {
    const signingKey = JSON.parse(String(cluster.settings.ASSERTION_KEY));
    const jwt = (await received([])).get("x-octopost-assertion") ?? "";
    const audience = cluster.live.url;
    const now = Math.floor(Date.now() / 1000);
    const refused = [
      "",
      "undefined",
      withClaims(jwt, { sub: "another" }),
      signedJwt(claimsFor(audience, { iat: now - 90, exp: now - 30 }), signingKey),
      signedJwt(claimsFor(audience, { exp: undefined }), signingKey),
      signedJwt(claimsFor(cluster.sandbox.url), signingKey),
      signedJwt(claimsFor(audience, { mode: "test" }), signingKey),
      signedJwt(claimsFor(audience, { iss: "https://api.example" }), signingKey),
    ];
    expect((await callerOf(signedJwt(claimsFor(audience), signingKey))).account).toBe("acct");
    for (const one of refused) await expect(callerOf(one), one).rejects.toThrow();
  });
});

describe("KeyService", () => {
  test("is bound as the page says: the deployed Worker's name, and an entrypoint that it exports", () => {
    const [binding = ""] = codeBlocks(RPC, "toml");
    const settings = readFileSync(join(PROJECT, "wrangler.toml"), "utf8");
    const name = /^\[env\.production\]\nname = "(.+)"$/m.exec(settings)?.[1];
    expect(name).toBeDefined();
    expect(binding).toContain(`service = "${name}"`);
    const entrypoint = /entrypoint = "(\w+)"/.exec(binding)?.[1] ?? "";
    const worker = readFileSync(join(PROJECT, "src/worker.ts"), "utf8");
    expect(worker).toMatch(new RegExp(`^export \\{[^}]*\\b${entrypoint}\\b`, "m"));
  });

  test("creates a key with the page's code", async () => {
    const dashboard = await cluster.miniflare.unsafeGetDirectURL("dashboard");
    const response = await fetch(dashboard);
    expect(response.status).toBe(201);
    const { secret } = (await response.json()) as { secret: string };
    const request = {
      method: "GET",
      target: "/v1/posts",
      headers: [["Authorization", `Bearer ${secret}`]] as const,
    };
    expect((await rawRequest(cluster.gateway(0), request)).status).toBe(200);
  });
});
