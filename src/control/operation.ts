/**
 * One operation of the control plane is one object: its name, method and path, its schemas, the right that it needs,
 * its refusals and the call that carries it out. The HTTP router, the RPC service, the OpenAPI document and the
 * command line derive from these objects. Defines their shape alone: no I/O.
 */
import type * as v from "valibot";
import type { Right } from "../control-credentials.ts";
import type { Env } from "../env.ts";
import type { KeyFinder } from "../keys/find-key.ts";
import type { CallMetadata } from "../ledger/idempotency-store.ts";
import type { LedgerLocation } from "../ledger-locations.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { CallerInput } from "./control-input.ts";
import type { Credential } from "./credential.ts";
import type { LedgerCallOptions, LedgerClient } from "./ledger-client.ts";
import type { PortalSessions } from "./portal-sessions.ts";
import type { RemoteLedger } from "./remote-ledger.ts";
import type { RevokedKeys } from "./revoked-keys.ts";

/** Paths, as OpenAPI writes them. */
export const ACCOUNT = "/accounts/{account}";
export const KEYS = `${ACCOUNT}/keys`;
export const KEY = `${KEYS}/{id}`;

/** What the operations work with. */
export interface ControlContext {
  readonly env: Env;
  readonly settings: Settings;
  readonly ledgers: LedgerClient;
  readonly finder: KeyFinder;
  readonly portal: PortalSessions;
  readonly revokedKeys: RevokedKeys;
  readonly now: () => number;
}

/** A request as HTTP, RPC or the key page hands it over: nothing in it is checked. */
export interface OperationRequest {
  readonly account?: unknown;
  readonly id?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly caller?: CallerInput;
  readonly credential: Credential;
  /** The client's network address, to throttle guesses. */
  readonly address?: unknown;
  /** Where the control plane was called, such as `https://api.octopost.ink`. */
  readonly origin?: string;
  /** Finds the log lines of the request. */
  readonly requestId?: string;
}

/** The same after the checks. A parameter that the path does not have is empty. */
export interface CheckedRequest<Query = unknown, Body = unknown> {
  readonly account: string;
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  readonly caller: CallMetadata;
  readonly address: string;
  readonly origin: string;
  readonly requestId: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a schema of any input.
type ObjectSchema = v.GenericSchema<any, object>;

interface Description<Query extends ObjectSchema, Body extends ObjectSchema, Answer extends ObjectSchema> {
  readonly name: string;
  readonly summary: string;
  readonly method: "get" | "post" | "patch" | "put" | "delete";
  /** As OpenAPI writes it; `{account}` and `{id}` are its parameters. */
  readonly path: string;
  /** What its credential must be allowed to do. `possession`: the key in the body is the credential. */
  readonly right: Right | "possession";
  readonly query?: Query;
  readonly body?: Body;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  /** The body as the OpenAPI document shows it, where `body` leaves parts of it unchecked. */
  readonly documentedBody?: ObjectSchema;
  /** Accepts an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  readonly status: 200 | 201;
  readonly answer: Answer;
  /** Statuses beyond those that every operation can have. */
  readonly refusals: readonly (404 | 409 | 422 | 429)[];
  /** An unreachable store is a verdict on each row, never a 503. */
  readonly answersByRow?: boolean;
}

export interface Operation<
  Answer extends object = object,
  Query extends ObjectSchema = ObjectSchema,
  Body extends ObjectSchema = ObjectSchema,
> extends Description<Query, Body, v.GenericSchema<unknown, Answer>> {
  /** Whether a second call leaves the same state as the first one, so that it may follow a lost answer. */
  readonly repeatable: boolean;
  run(
    context: ControlContext,
    request: CheckedRequest<v.InferOutput<Query>, v.InferOutput<Body>>,
  ): Promise<Answer | Refusal>;
}

export type AnswerOf<Op> = Op extends Operation<infer Answer> ? Answer : never;
/** The body that a caller passes to an operation. */
export type BodyOf<Op> = Op extends Operation<object, ObjectSchema, infer Body> ? v.InferInput<Body> : never;
export type QueryOf<Op> = Op extends Operation<object, infer Query> ? v.InferInput<Query> : never;

/** Any other operation than one call to the account's ledger. */
export function defineOperation<
  Query extends ObjectSchema,
  Body extends ObjectSchema,
  Answer extends ObjectSchema,
>(
  operation: Description<Query, Body, Answer> &
    Pick<Operation<v.InferOutput<Answer>, Query, Body>, "run" | "repeatable">,
): Operation<v.InferOutput<Answer>, Query, Body> {
  return operation as Operation<v.InferOutput<Answer>, Query, Body>;
}

/** An operation that is one call to the account's ledger. */
export function defineLedgerOperation<
  Query extends ObjectSchema,
  Body extends ObjectSchema,
  Answer extends ObjectSchema,
>(
  operation: Description<Query, Body, Answer> &
    Partial<Omit<LedgerCallOptions, "locationHint">> & {
      readonly repeatable?: boolean;
      /** Where the ledger is created if this is the first call to it; null: `LEDGER_LOCATION`. */
      locationHint?(
        request: CheckedRequest<v.InferOutput<Query>, v.InferOutput<Body>>,
      ): LedgerLocation | null;
      call(
        ledger: RemoteLedger,
        request: CheckedRequest<v.InferOutput<Query>, v.InferOutput<Body>>,
        context: ControlContext,
      ): Promise<v.InferOutput<Answer> | Refusal> | Refusal;
    },
): Operation<v.InferOutput<Answer>, Query, Body> {
  const {
    call,
    locationHint,
    repeatable = false,
    retry = repeatable,
    waitsFor = [],
    ...description
  } = operation;
  return defineOperation({
    ...(description as Description<Query, Body, Answer>),
    repeatable,
    run: (context, request) =>
      context.ledgers.call(request.account, async (ledger) => await call(ledger, request, context), {
        retry,
        waitsFor,
        locationHint: locationHint?.(request) ?? null,
      }),
  });
}
