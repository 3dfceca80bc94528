/**
 * One account of a test, managed over HTTP, and its keys as clients use them.
 *
 * Guarantees that lists and events are complete: all pages are read. Does not check the status where a test may expect
 * any (`call`, `use`).
 */

import { expect } from "vitest";
import type { ControlAnswer, ControlOptions, IssuedKey, NewKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { type Bytes, type RawResponse, rawRequest } from "../support/raw-http.ts";

export interface ShownKey extends Omit<IssuedKey, "secret"> {
  readonly last_used_at: string | null;
  readonly use_count: number;
  readonly suspended_at: string | null;
  readonly revokes_at: string | null;
  readonly revoked_at: string | null;
  readonly replaced_by: string | null;
}

export interface ChangedKey extends ShownKey {
  readonly effective_at?: string;
  readonly waited_ms?: number;
}

/** A key that was suspended or resumed. */
export interface RestrictedKey extends ShownKey {
  readonly effective_at: string;
  readonly waited_ms: number;
}

export interface RevokedKey extends RestrictedKey {
  readonly revoked_at: string;
  readonly lease_bound_ms: number;
}

export interface RotatedKey extends ShownKey {
  readonly secret: string;
  readonly replaces: ChangedKey;
}

export interface ShownEvent {
  readonly number: number;
  readonly at: string;
  readonly actor: string;
  readonly claimed_actor: string | null;
  readonly action: string;
  readonly key_id: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Use {
  readonly gateway?: number;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

let accounts = 0;

export class Account {
  readonly name: string;
  /** The body of every answer to `call` and `create`, unparsed. */
  readonly answerBodies: string[] = [];
  readonly #cluster: GatewayCluster;

  /** Without a name, an account that no other test uses. */
  constructor(cluster: GatewayCluster, name = `account_${++accounts}`) {
    this.#cluster = cluster;
    this.name = name;
  }

  /** One call; `path` follows the account's name. */
  async call(method: string, path: string, body?: unknown, options?: ControlOptions): Promise<ControlAnswer> {
    const answer = await this.#cluster.control(method, `/accounts/${this.name}${path}`, body, options);
    this.answerBodies.push(answer.response.body.toString());
    return answer;
  }

  async create(key: NewKey = {}): Promise<IssuedKey> {
    return (await this.#good(201, "POST", "/keys", { name: "a key", mode: "live", ...key })).json;
  }

  async revoke(id: string): Promise<RevokedKey> {
    return (await this.#good(200, "POST", `/keys/${id}/revoke`)).json;
  }

  async rotate(id: string, overlap_seconds?: number): Promise<RotatedKey> {
    return (await this.#good(201, "POST", `/keys/${id}/rotate`, { overlap_seconds })).json;
  }

  async suspend(id: string): Promise<RestrictedKey> {
    return (await this.#good(200, "POST", `/keys/${id}/suspend`)).json;
  }

  async resume(id: string): Promise<RestrictedKey> {
    return (await this.#good(200, "POST", `/keys/${id}/resume`)).json;
  }

  async change(id: string, change: object): Promise<ChangedKey> {
    return (await this.#good(200, "PATCH", `/keys/${id}`, change)).json;
  }

  async get(id: string): Promise<ShownKey> {
    return (await this.#good(200, "GET", `/keys/${id}`)).json;
  }

  /** Every key that is not revoked, newest first; all of them with `"revoked"`. */
  async keys(include?: "revoked", limit = 200): Promise<ShownKey[]> {
    return await this.#walk("keys", `/keys?limit=${limit}${include ? `&include=${include}` : ""}`);
  }

  /** Every event, newest first. */
  async events(limit = 200): Promise<ShownEvent[]> {
    return await this.#walk("events", `/events?limit=${limit}`);
  }

  /** Keys and events, to compare before and after. An unknown account has none. */
  async shown(): Promise<{ keys: ShownKey[]; events: ShownEvent[] }> {
    const keys = await this.#walk<ShownKey>("keys", "/keys?limit=200&include=revoked", [200, 404]);
    return { keys, events: await this.#walk("events", "/events?limit=200", [200, 404]) };
  }

  /** A request to the data plane with this key. */
  use(secret: string, use: Use = {}): Promise<RawResponse> {
    const { gateway = 0, method = "GET", target = "/v1/posts", headers = [] } = use;
    return rawRequest(this.#cluster.gateway(gateway), {
      method,
      target,
      headers: [["Authorization", `Bearer ${secret}`], ...headers],
    });
  }

  /** The status of a request with this key. */
  async statusOf(secret: string, use?: Use): Promise<number> {
    return (await this.use(secret, use)).status;
  }

  async #walk<Item>(what: string, path: string, statuses: readonly number[] = [200]): Promise<Item[]> {
    const items: Item[] = [];
    let cursor = "";
    do {
      const { status, json, response } = await this.call("GET", `${path}${cursor}`);
      expect(statuses, `GET ${path}: ${response.body}`).toContain(status);
      if (status === 404) return [];
      items.push(...json[what]);
      cursor = json.next_cursor === null ? "" : `&cursor=${encodeURIComponent(json.next_cursor)}`;
    } while (cursor !== "");
    return items;
  }

  async #good(status: number, method: string, path: string, body?: unknown): Promise<ControlAnswer> {
    const answer = await this.call(method, path, body);
    expect(answer.status, `${method} ${path}: ${answer.response.body}`).toBe(status);
    return answer;
  }
}

export interface Content {
  readonly body: Bytes | AsyncIterable<Bytes>;
  /** null: no header. */
  readonly contentType: string | null;
  /** The declared length, when only the beginning is sent. */
  readonly contentLength?: number | undefined;
}

/** A call with exactly these bytes and this content type. */
export async function callWithBytes(
  cluster: GatewayCluster,
  method: string,
  path: string,
  { body, contentType, contentLength }: Content,
): Promise<ControlAnswer> {
  const response = await rawRequest(cluster.gateway(0), {
    method,
    target: `/control/v1${path}`,
    headers: [
      ["Authorization", `Bearer ${cluster.settings.CONTROL_TOKEN}`],
      ...(contentType === null ? [] : [["Content-Type", contentType] as const]),
      ...(contentLength === undefined ? [] : [["Content-Length", String(contentLength)] as const]),
    ],
    body,
  });
  const { status, headers, endedAt } = response;
  return { status, headers, json: JSON.parse(response.body.toString()), answeredAt: endedAt, response };
}

/** Expects this refusal, in the form of every refusal. */
export function expectRefused(answer: ControlAnswer, status: number, code: string): void {
  expect(answer.status, answer.response.body.toString()).toBe(status);
  expect(answer.json.code).toBe(code);
  expect("details" in answer.json).toBe(status === 422);
}
