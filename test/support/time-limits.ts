/**
 * Time limits for everything that a test awaits, so that a test can fail but never hang.
 */

export const DEFAULT_LIMIT_MS = 30_000;
/** Between two polls: more and more, because most conditions are polled over HTTP. */
const POLL_MIN_MS = 5;
const POLL_MAX_MS = 25;
const POLL_GROWTH = 1.2;

/** Awaits `promise`, or rejects naming `what` was awaited. It ends the wait, not the work. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Polls `check` until it returns a truthy value, and returns that. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  limitMs = DEFAULT_LIMIT_MS,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = POLL_MIN_MS; ; pauseMs = Math.min(pauseMs * POLL_GROWTH, POLL_MAX_MS)) {
    const answer = await check();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not so within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
