/**
 * No secret leaks: not a key's text, hash or SHA-256, not a secret of the Worker, no other credential. After traffic of
 * every kind, the test searches every log line, KV entry, cell of the ledgers, response, forwarded request and message
 * to the receiver of events. A search that finds nothing proves nothing by itself, so the traffic must have caused every
 * kind of refusal, and planted leaks must be found.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { requestIdOf } from "../support/log-lines.ts";
import { eventually } from "../support/time-limits.ts";
import { printedSpans } from "../support/trace-printer.ts";
import { CREDENTIAL_MARKS, CredentialTraffic } from "./credential-traffic.ts";
import {
  type FoundText,
  findSecrets,
  readKv,
  readLedgers,
  readOrigins,
  type Secret,
  secretsOfKey,
  secretsOfSettings,
} from "./leak-search.ts";
import { GATEWAY_SETTINGS, MARKS, MixedTraffic, SETTINGS } from "./mixed-traffic.ts";

/** Every reason for a refusal that traffic can cause; the two others need a bug in the program. */
const REASONS = [
  ...["malformed_path", "body_on_get", "outside_api", "unknown_route", "not_found", "method_not_allowed"],
  ...["missing_credential", "malformed_credential", "malformed_key", "bad_checksum", "unknown_key"],
  ...["corrupt_record", "revoked", "expired", "not_in_ledger", "live_only", "wrong_control_token"],
  ...["missing_permission", "too_many_lookups", "store_unreachable", "ledger_unreachable", "unhealthy"],
  ...["origin_unreachable", "origin_refused_gateway", "origin_timeout", "malformed_json"],
  ...["conflict", "body_too_large", "wrong_content_type", "invalid_input"],
  ...["missing_right", "bad_signature", "link_used", "session_ended", "csrf_failed"],
];

let cluster: GatewayCluster;
let traffic: MixedTraffic;
let credentials: CredentialTraffic;
let secrets: Secret[];

/** Prints the request body, to plant a leak in the log. */
const PRINTER = {
  name: "printer",
  modules: true as const,
  script:
    "export default { async fetch(request) { console.log(await request.text()); return new Response(); } }",
};

beforeAll(async () => {
  credentials = await CredentialTraffic.start();
  cluster = await startCluster({
    gateways: GATEWAY_SETTINGS.length,
    settings: { ...SETTINGS, ...credentials.settings },
    gatewaySettings: GATEWAY_SETTINGS,
    extraWorkers: [PRINTER],
    traced: true,
  });
  traffic = new MixedTraffic(cluster);
  await traffic.drive();
  await credentials.drive(cluster, traffic);
  // Lines are printed in order: those of all requests before exist with this one.
  const last = requestIdOf(await traffic.send(null));
  await eventually("the last line", () => loggedObjects().some(({ request_id }) => request_id === last));
  const pepper = String(cluster.settings.KEY_PEPPER);
  secrets = [
    ...secretsOfSettings(cluster.settings),
    ...credentials.secrets,
    ...traffic.secrets.flatMap((key) => secretsOfKey(key, [pepper])),
  ];
});
afterAll(async () => {
  await cluster.close();
  await credentials.close();
});

/** Without the spans. */
const loggedObjects = () =>
  cluster.logs.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
const logged = (): FoundText[] => cluster.logs.map((text) => ({ where: "the log", text }));
/** Where the hash at rest is allowed. */
const butTheHash = () => secrets.filter(({ atRest }) => !atRest);

test("the traffic causes every kind of refusal, and an invalid setting", async () => {
  // A line can arrive after the response of its request.
  const isLogged = (reason: string) => cluster.logs.some((line) => line.includes(`"reason":"${reason}"`));
  for (const reason of REASONS) await eventually(`a refusal for ${reason}`, () => isLogged(reason));
  const lines = loggedObjects();
  expect(lines.filter(({ event }) => event === "invalid_setting")[0]).toMatchObject({
    setting: "CONTROL_TOKEN",
  });
  expect(traffic.secrets.length).toBeGreaterThan(15);
  const cuts = lines.filter(({ event }) => event === "aborted").map(({ reason }) => reason);
  expect(new Set(cuts)).toEqual(new Set(["revoked", "origin_aborted"]));
});

describe("no secret is in", () => {
  test("any log line or trace span", () => {
    expect(cluster.logs.length).toBeGreaterThan(100);
    expect(printedSpans(cluster.logs).length).toBeGreaterThan(100);
    expect(findSecrets(logged(), secrets)).toEqual([]);
  });

  test("any KV name, except for the hash at rest", async () => {
    const { names } = await readKv(cluster);
    expect(names.length).toBeGreaterThan(10);
    expect(findSecrets(names, butTheHash())).toEqual([]);
  });

  test("the value of any KV entry", async () => {
    expect(findSecrets((await readKv(cluster)).values, secrets)).toEqual([]);
  });

  test("any cell of the ledgers, except for the hash at rest", async () => {
    const cells = await readLedgers(cluster, traffic.accounts);
    expect(cells.length).toBeGreaterThan(200);
    expect(findSecrets(cells, butTheHash())).toEqual([]);
  });

  test("any response, except for the one that shows a new key", () => {
    expect(traffic.answers.length).toBeGreaterThan(100);
    expect(findSecrets(traffic.answers, secrets)).toEqual([]);
  });

  test("any message to the receiver of events", () => {
    expect(credentials.messages.length).toBeGreaterThan(10);
    expect(findSecrets(credentials.messages, secrets)).toEqual([]);
  });

  test("any forwarded request", () => {
    expect(readOrigins(cluster).length).toBeGreaterThan(40);
    expect(findSecrets(readOrigins(cluster), secrets)).toEqual([]);
  });
});

test("paths, queries, headers and bodies are never logged", () => {
  const marks = Object.entries({ ...MARKS, ...CREDENTIAL_MARKS }).map(([what, text]) => ({ what, text }));
  expect(findSecrets(logged(), marks)).toEqual([]);
  // The marks were forwarded.
  const forwarded = findSecrets([...readOrigins(cluster), ...traffic.answers], marks).join("\n");
  for (const what of ["query", "path", "body", "answer"]) expect(forwarded).toContain(what);
});

describe("the search finds a planted leak in", () => {
  const key = () => traffic.secrets[0] ?? "";

  test("the log", async () => {
    const line = `{"leak":"${key()}"}`;
    const printer = await cluster.miniflare.getWorker("printer");
    await printer.fetch("http://printer/", { method: "POST", body: line });
    await eventually("the planted line", () => cluster.logs.includes(line));
    expect(findSecrets(logged(), secrets)[0]).toMatch(/^the log: the text of oct_/);
  });

  test("a message, whichever credential it is", async () => {
    const kinds = new Set(credentials.secrets.map(({ what }) => what));
    expect(kinds.size).toBe(7);
    for (const what of kinds) {
      const leak = credentials.secrets.find((secret) => secret.what === what)?.text;
      const body = JSON.stringify({ type: "leak", timestamp: "", data: { leak } });
      await fetch(credentials.settings.EVENTS_URL, { method: "POST", body });
      expect(findSecrets(credentials.messages.slice(-1), secrets)).toContain(`a message: ${what}`);
    }
  });

  test("KV", async () => {
    const kv = cluster.kv;
    await kv.put(`leak:${key()}`, "", { metadata: { leak: String(cluster.settings.KEY_PEPPER) } });
    const { names, values } = await readKv(cluster);
    expect(findSecrets(names, butTheHash())[0]).toMatch(/^a KV name: the text of oct_/);
    expect(findSecrets(values, secrets)).toEqual(["a KV value: KEY_PEPPER"]);
  });

  test("SQLite, as text and as bytes", async () => {
    const hex = Buffer.from(key()).toString("hex");
    await cluster.network.ledgerRows("acct", `INSERT INTO metadata (name, value) VALUES ('leak', '${hex}')`);
    // Of now, because the ledger deletes old answers.
    await cluster.network.ledgerRows(
      "other",
      `INSERT INTO answers (name, fingerprint, at, answer, credential, has_secret, sealed_secret) VALUES ('leak', '', ${Date.now()}, '', '', 1, x'${hex}')`,
    );
    const found = findSecrets(await readLedgers(cluster, traffic.accounts), butTheHash()).join("\n");
    expect(found).toMatch(/^SQLite metadata\.value: the text of oct_/m);
    expect(found).toMatch(/^SQLite answers\.sealed_secret: the text of oct_/m);
  });

  test("a response and a forwarded request", async () => {
    const live = await cluster.createKey();
    const planted = secretsOfKey(live.secret, [String(cluster.settings.KEY_PEPPER)]);
    const hash = planted.find(({ atRest }) => atRest)?.text ?? "";
    cluster.live.respond = (_request, response) => void response.writeHead(200, { "X-Leak": hash }).end();
    await traffic.send(live.secret, { headers: [["User-Agent", live.secret]] });
    expect(findSecrets(traffic.answers, planted)[0]).toMatch(/^an answer: the hash at rest of oct_/);
    expect(findSecrets(readOrigins(cluster), planted)[0]).toMatch(/^the live origin: the text of oct_/);
  });
});
