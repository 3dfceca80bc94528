/**
 * A client of the control plane over HTTP.
 *
 * Each call is a raw request on its own connection, so that nothing is retried and the moment of the answer is known.
 * Unlike `call`, `createKey` and `revoke` throw when the gateway answers with an error.
 */

import type { OwnLimits } from "../../src/rate-limits.ts";
import { type Address, type Header, type RawResponse, rawRequest } from "./raw-http.ts";

const ACCOUNT = "acct";
/** An account gets 50 new keys a minute. */
const KEYS_PER_ACCOUNT = 40;

export interface ControlOptions {
  /** Replaces the control token; null sends none. */
  readonly token?: string | null;
  /** Replaces the client's gateway. */
  readonly to?: Address;
  readonly headers?: readonly Header[];
  readonly timeoutMs?: number;
}

export interface ControlAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  /** The parsed body; undefined when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any;
  /** `performance.now()` when the complete answer had arrived. */
  readonly answeredAt: number;
  readonly response: RawResponse;
}

export interface NewKey {
  readonly account?: string;
  readonly name?: string;
  readonly mode?: "live" | "test";
  readonly permissions?: readonly string[];
  readonly allowed_ips?: readonly string[];
  readonly limits?: OwnLimits | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly expires_at?: string;
}

/** A key as the control plane returns it once, including its secret. */
export interface IssuedKey {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly mode: "live" | "test";
  readonly permissions: readonly string[];
  readonly allowed_ips: readonly string[];
  readonly limits: OwnLimits | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly hint: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly secret: string;
}

export class ControlClient {
  readonly #gateway: Address;
  readonly #token: string;
  #keysCreated = 0;

  constructor(gateway: Address, token: string) {
    this.#gateway = gateway;
    this.#token = token;
  }

  /** One call; `path` follows `/control/v1`. A body that is text is sent unchanged. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    options: ControlOptions = {},
  ): Promise<ControlAnswer> {
    const { token = this.#token, headers = [], timeoutMs } = options;
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const request = {
      method,
      target: `/control/v1${path}`,
      headers: [
        ...(token === null ? [] : [["Authorization", `Bearer ${token}`] as const]),
        ...(text === undefined ? [] : [["Content-Type", "application/json"] as const]),
        ...headers,
      ],
      ...(text === undefined ? {} : { body: Buffer.from(text) }),
    };
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const response = await rawRequest(options.to ?? this.#gateway, request, limit);
    return {
      status: response.status,
      headers: response.headers,
      json: parsed(response.body),
      answeredAt: response.endedAt,
      response,
    };
  }

  async createKey(key: NewKey = {}): Promise<IssuedKey> {
    const { account = this.#nextAccount(), ...rest } = key;
    const answer = await this.call("POST", `/accounts/${account}/keys`, {
      name: "a key",
      mode: "live",
      ...rest,
    });
    return answered(201, "creating a key", answer).json;
  }

  /** The next key is the first of another account. */
  changeAccount(): void {
    this.#keysCreated = Math.ceil(this.#keysCreated / KEYS_PER_ACCOUNT) * KEYS_PER_ACCOUNT;
  }

  #nextAccount(): string {
    const number = Math.floor(this.#keysCreated++ / KEYS_PER_ACCOUNT);
    return number === 0 ? ACCOUNT : `${ACCOUNT}_${number}`;
  }

  /** Revokes a key; after `answeredAt` it must not work anywhere. */
  async revoke(account: string, id: string, options: ControlOptions = {}): Promise<ControlAnswer> {
    const answer = await this.call("POST", `/accounts/${account}/keys/${id}/revoke`, {}, options);
    return answered(200, "revoking a key", answer);
  }
}

function answered(status: number, what: string, answer: ControlAnswer): ControlAnswer {
  if (answer.status === status) return answer;
  throw new Error(`${what}: ${answer.status} ${answer.response.body.toString()}`);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
