/**
 * How much of each proof runs: `npm run prove` runs the whole, `npm test` a small fixed share of it.
 */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    proofs: "share" | "whole";
  }
}

export const IS_WHOLE = inject("proofs") === "whole";

/** In a share, every `step`th of the items, the first included; in the whole, all of them. */
export function shareOf<T>(items: readonly T[], step: number): readonly T[] {
  return IS_WHOLE ? items : items.filter((_, index) => index % step === 0);
}
