import type { Mutant } from "../mutant.ts";

/** A mutant without the defence that it is named for. */
export interface Defence extends Mutant {
  /** Names of the attacks that succeed without it. */
  readonly stops: readonly string[];
}
