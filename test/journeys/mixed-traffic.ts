/**
 * Broad mixed traffic: every control-plane call and every kind of refusal, with many keys, and with marks in everything
 * that must never be logged. The caller checks the results.
 *
 * Guarantees: every response is recorded completely, and `secrets` has the text of every key. The log shows which
 * refusals occurred.
 */

import { createHash } from "node:crypto";
import type { ControlAnswer, NewKey } from "../support/control-client.ts";
import { forgeRecord, unknownKey } from "../support/forged-keys.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import {
  neverAnswer,
  partialBody,
  redirect,
  reply,
  resetConnection,
  trickle,
} from "../support/origin-behaviours.ts";
import {
  type Header,
  RawConnection,
  type RawRequest,
  type RawResponse,
  rawRequest,
} from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import type { FoundText } from "./leak-search.ts";

/** Marks in data that may appear anywhere but in the log. */
export const MARKS = {
  query: "mark-query-7f3a",
  path: "mark-path-91bc",
  body: "mark-body-5e20",
  header: "mark-header-c4d8",
  answer: "mark-answer-02ee",
} as const;

/** Settings that the traffic relies on, by gateway: the second rejects legacy keys, the third is misconfigured. */
export const GATEWAY_SETTINGS = [{ LEGACY_KEYS: "accept" }, {}, { CONTROL_TOKEN: "too short" }] as const;
export const SETTINGS = { ORIGIN_TIMEOUT_MS: 1000, LEDGER_TIMEOUT_MS: 1000 } as const;

interface Key {
  readonly id: string;
  readonly account: string;
  readonly secret: string;
}

export class MixedTraffic {
  /** The texts of all keys. */
  readonly secrets: string[] = [];
  readonly accounts = ["acct", "other"] as const;
  /** Every response, without the text of a new key. */
  readonly answers: FoundText[] = [];
  readonly #cluster: GatewayCluster;

  constructor(cluster: GatewayCluster) {
    this.#cluster = cluster;
  }

  async drive(): Promise<void> {
    const keys = await this.#issue();
    await this.#use(keys);
    await this.#causeRefusals(keys);
    await this.#causeFailures(keys[0] as Key);
    await this.#manage(keys);
  }

  /** One API request, with a key if given, and with marks in its query and headers. */
  async send(secret: string | null, request: Partial<RawRequest> = {}, gateway = 0): Promise<RawResponse> {
    const headers: Header[] = secret === null ? [] : [["Authorization", `Bearer ${secret}`]];
    const response = await rawRequest(this.#cluster.gateway(gateway), {
      method: "GET",
      target: `/v1/posts?${MARKS.query}`,
      ...request,
      headers: [...headers, ["X-Mark", MARKS.header], ...(request.headers ?? [])],
    });
    this.record(response);
    return response;
  }

  /** A call of the control plane; its answer is recorded without the text of a new key. */
  async control(...call: Parameters<GatewayCluster["control"]>): Promise<ControlAnswer> {
    const answer = await this.#cluster.control(...call);
    const { secret, url } = answer.json ?? {};
    this.record(answer.response, ...[secret, url].filter((shown) => shown !== undefined));
    return answer;
  }

  /** `shown`: secrets that this response shows for the first time. */
  record({ status, headers, body }: RawResponse, ...shown: readonly string[]): void {
    const text = [String(status), ...headers.flat(), body.toString("latin1")].join("\n");
    this.secrets.push(...shown.filter((one) => one.startsWith("oct_")));
    const rest = shown.reduce((answer, one) => answer.replaceAll(one, ""), text);
    this.answers.push({ where: "an answer", text: rest });
  }

  /** Its secret is in `secrets`. */
  async create(account: string, key: NewKey, headers: Header[] = []): Promise<Key> {
    const body = { name: "a key", mode: "live", ...key };
    return (await this.control("POST", `/accounts/${account}/keys`, body, { headers })).json;
  }

  async #issue(): Promise<Key[]> {
    const keys: Key[] = [];
    for (const account of this.accounts) {
      for (const mode of ["live", "test"] as const) {
        keys.push(await this.create(account, { mode }));
        keys.push(await this.create(account, { mode, permissions: ["presets:read"] }));
      }
    }
    // Twice, so that the stored answer is returned as well.
    const once: Header[] = [["Idempotency-Key", "once"]];
    for (let time = 0; time < 2; time++) {
      keys.push(await this.create("acct", {}, once));
      const path = `/accounts/acct/keys/${keys[0]?.id}/rotate`;
      const headers: Header[] = [["Idempotency-Key", "rotated-once"]];
      await this.control("POST", path, { overlap_seconds: 3600 }, { headers });
    }
    const legacy = ["oct_live_legacy-from-before-the-gateway", "oct_test_legacy~of~another~shape"];
    this.secrets.push(...legacy);
    const rows = legacy.map((text, i) => ({
      sha256: createHash("sha256").update(text).digest("hex"),
      name: "imported",
      mode: i === 0 ? "live" : "test",
    }));
    for (const headers of [[], [["Idempotency-Key", "imported-once"]] as Header[]]) {
      await this.control("POST", "/accounts/acct/keys/import", { keys: rows }, { headers });
    }
    for (const text of legacy) await this.send(text);
    return keys;
  }

  async #use(keys: readonly Key[]): Promise<void> {
    const { live, sandbox } = this.#cluster;
    for (const { secret } of keys) {
      for (const gateway of [0, 1]) await this.send(secret, {}, gateway);
      const otherHeaders = ["Cookie", "X-Api-Key", "Proxy-Authorization", "X-Octopost-Assertion"] as const;
      await this.send(secret, { headers: otherHeaders.map((name) => [name, secret]) });
      const headers: Header[] = [["Content-Type", "application/json"]];
      await this.send(secret, { method: "POST", headers, body: JSON.stringify({ content: MARKS.body }) });
      await this.send(secret, { target: `/v1/posts/${MARKS.path}`, method: "DELETE" });
    }
    const { secret } = keys[0] as Key;
    for (const respond of [
      reply(200, [["X-Answer", MARKS.answer]], MARKS.answer),
      reply(500, [], MARKS.answer),
      redirect(`${live.url}/v1/posts?${MARKS.query}`),
      partialBody(MARKS.answer, "close"),
    ]) {
      live.respond = respond;
      await this.send(secret);
    }
    live.respond = live.answerJson;
    sandbox.respond = sandbox.answerJson;
  }

  async #causeRefusals(keys: readonly Key[]): Promise<void> {
    const [key, limited, testKey] = keys as [Key, Key, Key];
    const { secret } = key;
    await this.send(null);
    await this.send(null, { target: `/v1/posts?api_key=${secret}` });
    await this.send(null, { headers: [["Authorization", `Basic ${secret}`]] });
    for (const gateway of [0, 1]) {
      await this.send(`${secret.slice(0, -1)}${secret.endsWith("0") ? "1" : "0"}`, {}, gateway);
      await this.send(`no-prefix-${secret}`, {}, gateway);
    }
    for (const target of [`/v1/${secret}`, `/v1/posts/%41${MARKS.path}`, `/${secret}`, "/v1/"]) {
      await this.send(secret, { target });
    }
    await this.send(secret, { method: "PATCH" });
    await this.send(secret, { body: MARKS.body, headers: [["Content-Type", "text/plain"]] });
    await this.send(limited.secret);
    await this.send(testKey.secret, { method: "DELETE", target: "/v1/accounts/acc_1" });
    await this.send(secret, {}, 2);
    const address: Header[] = [["CF-Connecting-IP", "192.0.2.1"]];
    await eventually("the throttle of an address", async () => {
      const { status } = await this.send(`oct_live_${MARKS.header}`, { headers: address });
      return status === 429;
    });
  }

  async #causeFailures(key: Key): Promise<void> {
    const { network, live } = this.#cluster;
    const cold = [
      await this.create("acct", {}),
      await this.create("acct", {}),
      await this.create("acct", {}),
    ];
    const [a, b, corrupt] = cold as [Key, Key, Key];
    await network.fault({ on: "kv", how: "fail-before", caller: 0 });
    await this.send(a.secret);
    await this.send(`oct_live_${MARKS.header}`);
    await this.control("GET", "/health");
    await network.liftAllFaults();
    await network.fault({ on: "ledger", how: "hang-before", caller: 0 });
    await this.send(b.secret);
    await this.control("GET", `/accounts/acct/keys/${b.id}`);
    await network.liftAllFaults();
    await network.fault({ on: "kv", how: "fail-before", caller: "owner" });
    await this.control("POST", "/accounts/acct/keys", { name: "not issued", mode: "live" });
    await network.liftAllFaults();
    await this.#cluster.overwriteRecord(corrupt.id, "{}");
    await forgeRecord(this.#cluster, a.id, { mode: "test" });
    // KV answers before the ledger.
    await network.configure({ delaysMs: [50, 50] });
    await this.send(corrupt.secret);
    await this.send(a.secret, {}, 1);
    await network.configure({ delaysMs: [] });
    await this.#cluster.kv.delete(await this.#cluster.recordName(b.id));
    await this.send(b.secret, {}, 1);
    const unknown = await unknownKey(this.#cluster);
    this.secrets.push(unknown);
    await this.send(unknown);

    for (const respond of [resetConnection(), neverAnswer(), reply(401, [], MARKS.answer)]) {
      live.respond = respond;
      await this.send(key.secret);
    }
    live.respond = neverAnswer();
    const before = live.requests.length;
    const gone = await RawConnection.open(this.#cluster.gateway(0));
    gone.send({ method: "GET", target: "/v1/posts", headers: [["Authorization", `Bearer ${key.secret}`]] });
    const received = await live.arrived(before + 1);
    gone.destroy();
    await received.closed;
    live.respond = live.answerJson;
  }

  /** A stream whose key is revoked. */
  async #abortStream(): Promise<void> {
    const { sandbox } = this.#cluster;
    const { id, secret } = await this.create("acct", { mode: "test" });
    sandbox.respond = trickle(Array(3000).fill(MARKS.answer), 20);
    const before = sandbox.requests.length;
    const streaming = this.send(secret);
    await sandbox.arrived(before + 1);
    await this.control("POST", `/accounts/acct/keys/${id}/revoke`);
    await streaming;
  }

  async #manage(keys: readonly Key[]): Promise<void> {
    const [key, , testKey] = keys as [Key, Key, Key];
    const path = `/accounts/acct/keys/${key.id}`;
    const text = (body: string) => this.control("POST", "/accounts/acct/keys", body);
    const typed = (type: string) => ({ headers: [["Content-Type", type]] as Header[] });
    await this.control("GET", path);
    await this.control("GET", "/accounts/acct/keys?include=revoked");
    await this.control("PATCH", path, { name: "renamed" });
    await this.control("GET", path, undefined, { token: key.secret });
    await this.control("GET", path, undefined, { token: null });
    await this.control("GET", `/accounts/acct/keys/${key.secret}`);
    await this.control("GET", "/nothing");
    await text(`{"name": "${key.secret}`);
    await text(
      JSON.stringify({ name: 5, mode: key.secret, permissions: [key.secret], expires_at: key.secret }),
    );
    await text(JSON.stringify({ name: "a key", mode: "live", [key.secret]: 1 }));
    await this.control("GET", `/accounts/acct/keys?${key.secret}=1`);
    await text(JSON.stringify({ name: key.secret, padding: "x".repeat(1_100_000) }));
    await this.control("POST", "/revoke", `secret=${key.secret}`, typed("application/x-www-form-urlencoded"));
    await this.control("PUT", "/accounts/acct", { tier: "pro" });
    await this.control("GET", "/accounts/acct");
    await this.control("POST", "/accounts/acct/rebuild-kv", {});

    const expires = await this.create("acct", { expires_at: new Date(Date.now() + 300).toISOString() });
    await eventually("the expiry of a key", async () => (await this.send(expires.secret)).status === 401);
    const { sandbox } = this.#cluster;
    sandbox.respond = neverAnswer();
    const waiting = this.send(testKey.secret);
    await this.control("POST", "/revoke", { secret: testKey.secret });
    await waiting;
    await this.#abortStream();
    sandbox.respond = sandbox.answerJson;
    await this.control("POST", "/revoke", { secret: `oct_live_${MARKS.body}` });
    await this.control("POST", `${path}/revoke`, { reason: "in a repository" });
    await this.send(key.secret);
    await this.control("PATCH", path, { revokes_at: new Date(Date.now() + 60_000).toISOString() });
    await this.control("POST", "/accounts/other/revoke-all", {});
    for (const { secret } of keys) await this.send(secret);
    for (const account of this.accounts) await this.control("GET", `/accounts/${account}/events`);
    await this.control("GET", "/openapi.json", undefined, { token: null });
    for (const target of ["/healthz", "/.well-known/jwks.json"]) await this.send(null, { target });
  }
}
