/** Who asks for a change, and under which `Idempotency-Key`. */
export interface CallMetadata {
  readonly actor: string;
  readonly idempotencyKey: string | null;
}
