// The gateway's control plane over HTTP, from the operations that the gateway itself is made of.
//
// Guarantees that an answer is the gateway's own or an error (`RefusedError`, `UnreachableError`). A repeatable call is
// made again, once, when its answer was lost, with the same `Idempotency-Key`, so that no second key is made.
// Redirects are not followed: the token goes to the gateway alone.

import { setTimeout as sleep } from "node:timers/promises";
import type { Operation } from "../../control/operation.ts";
import { type ControlToken, isLocal } from "./connection.ts";
import { type RefusalBody, RefusedError, UnreachableError } from "./errors.ts";
import type { HttpProxy } from "./proxy.ts";

/** Longer than the longest lease that a revocation may have to wait for, and the ledger's own time limit. */
const CALL_LIMIT_MS = 150_000;
/** A thousand rows may take the gateway four minutes. */
const IMPORT_LIMIT_MS = 270_000;
const RETRY_AFTER_MS = 1000;
const SERVICE_UNAVAILABLE = 503;

/** The code of "Proxy response (407) !== 200 when HTTP Tunneling". */
const PROXY_REFUSED = "UND_ERR_ABORTED";
/** The connection was never made, so nothing can have been done. */
const NEVER_SENT =
  /^(UND_ERR_ABORTED|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*|.*VERIFY.*)$/;

/** What an operation is called with. `{account}` in its path is the client's own. */
export interface CallInput {
  /** `{id}` in the operation's path. */
  readonly id?: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  readonly idempotencyKey?: string;
}

export interface ControlPlaneClientSettings {
  readonly origin: string;
  readonly account: string;
  /** null: the key in the body is the credential. */
  readonly token: ControlToken | null;
  readonly actor: string;
  /** Named in errors; `useProxy` applies it. */
  readonly proxy: HttpProxy | null;
}

export class ControlPlaneClient {
  readonly origin: string;
  /** Empty for a client that calls possession operations only. */
  readonly account: string;
  readonly #token: ControlToken | null;
  readonly #actor: string;
  readonly #proxy: HttpProxy | null;

  constructor(settings: ControlPlaneClientSettings) {
    this.origin = settings.origin;
    this.account = settings.account;
    this.#token = settings.token;
    this.#actor = settings.actor;
    this.#proxy = settings.proxy;
  }

  async call<Answer extends object>(operation: Operation<Answer>, input: CallInput = {}): Promise<Answer> {
    const isRepeatable = operation.repeatable || input.idempotencyKey !== undefined;
    const first = await this.#attempt(operation, input);
    if (!isError(first)) return first;
    if (!isRepeatable || !isTransient(first)) throw annotated(first, operation, [first]);
    await sleep(RETRY_AFTER_MS);
    const second = await this.#attempt(operation, input);
    if (isError(second)) throw annotated(second, operation, [first, second]);
    return second;
  }

  async #attempt<Answer extends object>(
    operation: Operation<Answer>,
    { id = "", query = {}, body, idempotencyKey }: CallInput,
  ): Promise<Answer | RefusedError | UnreachableError> {
    try {
      const response = await fetch(this.#urlOf(operation, id, query), {
        method: operation.method.toUpperCase(),
        headers: {
          Accept: "application/json",
          ...(this.#token !== null && { Authorization: `Bearer ${this.#token.text}` }),
          ...(this.#token !== null && operation.method !== "get" && { "Octopost-Actor": this.#actor }),
          ...(body && { "Content-Type": "application/json" }),
          ...(idempotencyKey !== undefined && { "Idempotency-Key": idempotencyKey }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: "manual",
        signal: AbortSignal.timeout(timeLimitMs(operation)),
      });
      return this.#read<Answer>(response.status, await response.text(), response.headers);
    } catch (error) {
      return this.#unreachable(error, operation);
    }
  }

  #urlOf({ path }: Operation, id: string, query: NonNullable<CallInput["query"]>): URL {
    const target = path.replace("{account}", this.account).replace("{id}", id);
    const url = new URL(`/control/v1${target}`, this.origin);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }

  #read<Answer extends object>(
    status: number,
    text: string,
    headers: Headers,
  ): Answer | RefusedError | UnreachableError {
    const body = parsedObject(text);
    if (body !== null && status >= 200 && status < 300) return body as Answer;
    if (isRefusalBody(body))
      return new RefusedError(status, body, headers.get("X-Request-Id"), this.#token?.source ?? null);
    // A page of the network's own, in front of the gateway or in its place.
    const kind = status >= 500 ? "answer_lost" : "not_the_gateway";
    return new UnreachableError(`${this.origin} answered ${status}, and not as the gateway does`, kind);
  }

  #unreachable(error: unknown, operation: Operation): UnreachableError {
    if ((error as Error).name === "TimeoutError") {
      const text = `${this.origin} did not answer within ${timeLimitMs(operation) / 1000} s`;
      return new UnreachableError(text, "answer_lost");
    }
    const { code, message } = rootCause(error);
    // An error without a code is fetch's own, before it sends.
    const kind = code === undefined || NEVER_SENT.test(code) ? "never_sent" : "answer_lost";
    const hint = isLocal(this.origin) && kind === "never_sent" ? "; is it running (npm run dev)?" : "";
    const proxy = this.#proxy === null ? "" : `; ${this.#proxy.variable} is set (${this.#proxy.url.host})`;
    const cause = code === undefined || code === PROXY_REFUSED ? message : code;
    return new UnreachableError(`cannot reach ${this.origin}: ${cause}${hint}${proxy}`, kind);
  }
}

function timeLimitMs({ answersByRow }: Operation): number {
  return answersByRow ? IMPORT_LIMIT_MS : CALL_LIMIT_MS;
}

function isError(outcome: object): outcome is RefusedError | UnreachableError {
  return outcome instanceof RefusedError || outcome instanceof UnreachableError;
}

/** Whether the same call can succeed a moment later. */
function isTransient(error: RefusedError | UnreachableError): boolean {
  return error instanceof UnreachableError
    ? error.kind !== "not_the_gateway"
    : error.status === SERVICE_UNAVAILABLE;
}

function mayBeDone(error: RefusedError | UnreachableError): boolean {
  return error instanceof UnreachableError
    ? error.kind === "answer_lost"
    : error.status === SERVICE_UNAVAILABLE;
}

/** Notes that an attempt may have been carried out although its answer was lost. */
function annotated(
  error: RefusedError | UnreachableError,
  { method }: Operation,
  attempts: readonly (RefusedError | UnreachableError)[],
): RefusedError | UnreachableError {
  if (method !== "get" && attempts.some(mayBeDone)) {
    error.notes.push("An answer was lost, so it is not known whether this was carried out.");
  }
  return error;
}

function rootCause(error: unknown): NodeJS.ErrnoException {
  const { cause } = error as Error;
  return cause === undefined ? (error as NodeJS.ErrnoException) : rootCause(cause);
}

function parsedObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function isRefusalBody(body: object | null): body is RefusalBody {
  const { error, code } = (body ?? {}) as Partial<RefusalBody>;
  return typeof error === "string" && typeof code === "string";
}
