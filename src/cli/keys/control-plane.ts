// The gateway's control plane over HTTP.
//
// Guarantees: an answer is the gateway's own or an error (`RefusedError`, `UnreachableError`). A call that may be repeated is,
// once, when its answer was lost, with the same `Idempotency-Key`, so that no second key is made. Redirects
// are not followed: the token goes to the gateway alone.

import { setTimeout as sleep } from "node:timers/promises";
import { isLoopback } from "./connection.ts";
import { type RefusalBody, RefusedError, UnreachableError } from "./errors.ts";

/** Longer than the longest lease that a revocation may have to wait for, and the ledger's own time limit. */
const CALL_LIMIT_MS = 150_000;
/** A thousand rows may take the gateway four minutes. */
const IMPORT_LIMIT_MS = 270_000;
const RETRY_AFTER_MS = 1000;
const SERVICE_UNAVAILABLE = 503;

/** The connection was never made, so nothing can have been done. */
const NEVER_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*|.*VERIFY.*)$/;

export interface ControlCall {
  readonly method: "GET" | "POST" | "PATCH" | "PUT";
  /** What follows `/control/v1/accounts/{account}`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  /** Makes a call repeatable that would otherwise do its work twice. */
  readonly idempotencyKey?: string;
  /** Whether doing it twice does no more than doing it once. */
  readonly repeatable?: boolean;
}

export class ControlPlane {
  readonly origin: string;
  readonly account: string;
  readonly #token: string;
  readonly #actor: string;

  constructor(origin: string, account: string, token: string, actor: string) {
    this.origin = origin;
    this.account = account;
    this.#token = token;
    this.#actor = actor;
  }

  async call<Answer extends object>(call: ControlCall): Promise<Answer> {
    const isRepeatable = call.method === "GET" || call.repeatable || call.idempotencyKey !== undefined;
    const outcome = await this.#attempt<Answer>(call);
    if (!isFailure(outcome)) return outcome;
    if (!isRepeatable || !mayPass(outcome)) throw noted(outcome, call, [outcome]);
    await sleep(RETRY_AFTER_MS);
    const second = await this.#attempt<Answer>(call);
    if (isFailure(second)) throw noted(second, call, [outcome, second]);
    return second;
  }

  async #attempt<Answer extends object>(
    call: ControlCall,
  ): Promise<Answer | RefusedError | UnreachableError> {
    try {
      const response = await fetch(this.#urlOf(call), {
        method: call.method,
        headers: {
          Authorization: `Bearer ${this.#token}`,
          Accept: "application/json",
          ...(call.method === "GET" ? {} : { "Octopost-Actor": this.#actor }),
          ...(call.body && { "Content-Type": "application/json" }),
          ...(call.idempotencyKey !== undefined && { "Idempotency-Key": call.idempotencyKey }),
        },
        ...(call.body && { body: JSON.stringify(call.body) }),
        redirect: "manual",
        signal: AbortSignal.timeout(limitOf(call)),
      });
      return this.#read<Answer>(response.status, await response.text(), response.headers);
    } catch (error) {
      return this.#unreachable(error, call);
    }
  }

  #urlOf({ path, query = {} }: ControlCall): URL {
    const url = new URL(`/control/v1/accounts/${this.account}${path}`, this.origin);
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
    if (isRefusalBody(body)) return new RefusedError(status, body, headers.get("X-Request-Id"));
    // A page of the network's own, in front of the gateway or in its place.
    const how = status >= 500 ? "answer_lost" : "not_the_gateway";
    return new UnreachableError(`${this.origin} answered ${status}, and not as the gateway does`, how);
  }

  #unreachable(error: unknown, call: ControlCall): UnreachableError {
    if ((error as Error).name === "TimeoutError") {
      const text = `${this.origin} did not answer within ${limitOf(call) / 1000} s`;
      return new UnreachableError(text, "answer_lost");
    }
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    // Without a code it is fetch itself that refused to send.
    const how = code === undefined || NEVER_SENT.test(code) ? "never_sent" : "answer_lost";
    const isItOn = isLoopback(this.origin) && how === "never_sent" ? "; is it running (npm run dev)?" : "";
    return new UnreachableError(`cannot reach ${this.origin}: ${code ?? message}${isItOn}`, how);
  }
}

function limitOf({ path }: ControlCall): number {
  return path.endsWith("/import") ? IMPORT_LIMIT_MS : CALL_LIMIT_MS;
}

function isFailure(outcome: object): outcome is RefusedError | UnreachableError {
  return outcome instanceof RefusedError || outcome instanceof UnreachableError;
}

/** Whether it may be otherwise in a moment. */
function mayPass(failure: RefusedError | UnreachableError): boolean {
  return failure instanceof UnreachableError
    ? failure.how !== "not_the_gateway"
    : failure.status === SERVICE_UNAVAILABLE;
}

function mayBeDone(failure: RefusedError | UnreachableError): boolean {
  return failure instanceof UnreachableError
    ? failure.how === "answer_lost"
    : failure.status === SERVICE_UNAVAILABLE;
}

/** Says so when an attempt may have been carried out unheard. */
function noted(
  failure: RefusedError | UnreachableError,
  { method }: ControlCall,
  attempts: readonly (RefusedError | UnreachableError)[],
): RefusedError | UnreachableError {
  if (method !== "GET" && attempts.some(mayBeDone)) {
    failure.notes.push("An answer was lost, so it is not known whether this was carried out.");
  }
  return failure;
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
