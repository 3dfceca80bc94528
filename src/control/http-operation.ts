/** What a call of the control plane is, as the table of them (http-operations.ts) says it. */
import type * as v from "valibot";
import type { CallerInput } from "./control-input.ts";
import type { KeyOperations } from "./key-operations.ts";

export interface OperationRequest {
  readonly account: string;
  readonly id: string;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: CallerInput;
  /** The client's. */
  readonly address: string;
  /** The one that was called, such as `https://api.octopost.ink`. */
  readonly origin: string;
}

export interface HttpOperation {
  readonly name: string;
  readonly summary: string;
  readonly method: "get" | "post" | "patch" | "put";
  /** As OpenAPI writes it. */
  readonly path: string;
  /** false: whoever holds a key may call it, without the control token. */
  readonly needsToken: boolean;
  readonly query?: v.GenericSchema;
  readonly body?: v.GenericSchema;
  /** A body may be left out altogether. */
  readonly bodyOptional?: boolean;
  /** Whether it takes an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  readonly status: 200 | 201;
  readonly answer: v.GenericSchema;
  /** Statuses beyond those that every call may have. */
  readonly refusals: readonly (404 | 409 | 422 | 429)[];
  /** A store out of reach is a verdict on each row, never a 503. */
  readonly answersByRow?: boolean;
  readonly run: (operations: KeyOperations, request: OperationRequest) => Promise<object>;
}
