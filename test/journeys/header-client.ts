/**
 * Sends extra headers with a valid key, and returns what the origin received. `FORWARD_HEADERS` adds `X-Client-Version`,
 * `X-Team` and `X-Note` to the allow-list.
 */

import { expect } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { ClusterOptions, GatewayCluster } from "../support/gateway-cluster.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import type { RecordedRequest } from "../support/recording-origin.ts";
import { sharedCluster } from "../support/shared.ts";

export const HOST = "api.octopost.ink";
/** What the journeys of headers and paths share. */
export const PUBLIC_GATEWAY: ClusterOptions = {
  settings: { FORWARD_HEADERS: "X-Client-Version, x-team, X-Note", PUBLIC_ORIGIN: `https://${HOST}` },
};
export const FORGED = "forged-by-the-client";

/** What the origin always sees: the headers that the gateway adds, and those that workerd adds to every fetch. */
export const ALWAYS: readonly string[] = [
  "cf-worker",
  "host",
  "via",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-octopost-account",
  "x-octopost-assertion",
  "x-octopost-key-id",
  "x-octopost-mode",
  "x-octopost-permissions",
  "x-request-id",
];

export interface Sent {
  readonly method?: string;
  readonly secret?: string;
  readonly body?: string;
}

export class HeaderClient {
  readonly cluster: GatewayCluster;
  readonly key: IssuedKey;

  static async start(): Promise<HeaderClient> {
    const cluster = await sharedCluster(PUBLIC_GATEWAY);
    return new HeaderClient(cluster, await cluster.createKey());
  }

  private constructor(cluster: GatewayCluster, key: IssuedKey) {
    this.cluster = cluster;
    this.key = key;
  }

  send(headers: readonly Header[], sent: Sent = {}): Promise<RawResponse> {
    const { method = "GET", secret = this.key.secret, body } = sent;
    const all: Header[] = [["Host", HOST], ["Authorization", `Bearer ${secret}`], ...headers];
    const request = { method, target: "/v1/posts", headers: all, ...(body === undefined ? {} : { body }) };
    return rawRequest(this.cluster.gateway(0), request);
  }

  /** The one request that the live origin received. */
  async received(headers: readonly Header[], sent?: Sent): Promise<RecordedRequest> {
    const { live } = this.cluster;
    expect((await this.send(headers, sent)).status).toBe(200);
    expect(live.requests).toHaveLength(1);
    return live.requests[0] as RecordedRequest;
  }
}

/** In lower case, sorted. */
export function namesOf({ rawHeaders }: RecordedRequest): string[] {
  return rawHeaders.map(([name]) => name.toLowerCase()).sort();
}

export function forged(...names: string[]): Header[] {
  return names.map((name) => [name, FORGED]);
}
