/**
 * Every other minute of a soak has no faults, and none begins shortly before it, so that rate limits must be exact in it:
 * a permit that was lost with a message counts as used.
 */

export const MINUTE_MS = 60_000;
/** For the effects of a fault on the next window, whose first permits are granted before it begins. */
const CALM_BEFORE_MS = 15_000;

/** Whether faults may begin at this Unix time. */
export function mayHaveFaults(now: number): boolean {
  return isFaulty(now) && isFaulty(now + CALM_BEFORE_MS);
}

/** Whether the window that ends at this Unix time had no fault. */
export function wasQuiet(windowEnd: number): boolean {
  return !isFaulty(windowEnd - 1);
}

function isFaulty(now: number): boolean {
  return Math.floor(now / MINUTE_MS) % 2 === 1;
}
