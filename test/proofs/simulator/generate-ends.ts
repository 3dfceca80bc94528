/** Generates the calls that end the ending key. */
import type { Random } from "./random.ts";
import type { ControlCall } from "./scenario.ts";

/** Longer than the ledger takes a key for busy. */
const IDLE_MS = 6000;

export function generateEnds(
  { endsAt, longestMs }: { readonly endsAt: number; readonly longestMs: number },
  howKeyEnds: "revoked" | "scheduled" | "expires",
  random: Random,
): ControlCall[] {
  const calls: ControlCall[] = [];
  if (howKeyEnds === "scheduled") {
    const at = endsAt - random.between(0, endsAt);
    calls.push({ at, method: "schedule", aheadMs: random.between(0, 1.5 * longestMs), persistent: true });
    if (random.chance(0.3)) {
      const aheadMs = random.chance(0.5) ? null : random.between(0, longestMs);
      calls.push({ at: at + random.between(0, longestMs), method: "schedule", aheadMs, persistent: true });
    }
  }
  const revokes = howKeyEnds === "revoked" || random.chance(0.5) ? random.pick([1, 1, 2, 3]) : 0;
  const revokedFrom = endsAt + (random.chance(0.05) ? 1.5 * longestMs + IDLE_MS : 0);
  for (let count = 0; count < revokes; count++) {
    const at = revokedFrom + (count === 0 ? 0 : random.between(0, 1.5 * longestMs));
    calls.push({ at, method: "revoke", aheadMs: null, persistent: count === 0 || random.chance(0.5) });
  }
  return calls;
}
