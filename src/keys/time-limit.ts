/** A limit on how long a store may take to answer. The call itself is not cancelled: nobody listens to it any more. */
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
