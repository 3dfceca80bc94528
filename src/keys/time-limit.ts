/** A time limit for a store call. The call itself is not cancelled; its answer is ignored. */
export class TimeLimitExceeded extends Error {}

/** Settles as `work` does, or rejects with `TimeLimitExceeded` after `limitMs`. */
export async function withTimeLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimitExceeded()), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
