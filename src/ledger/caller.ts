/** Who asks for a change, and under which `Idempotency-Key`. */
export interface Caller {
  readonly actor: string;
  readonly idempotencyKey: string | null;
}
