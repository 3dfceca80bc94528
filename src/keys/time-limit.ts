/** A time limit for a store call. The call itself is not cancelled; its answer is ignored. */
export class TimeLimitExceeded extends Error {}

/** Runs `task` after `ms`, unless the returned function is called first. */
export type Schedule = (ms: number, task: () => void) => () => void;

/** Settles as `work` does, or rejects with `TimeLimitExceeded` after `limitMs`. */
export async function withTimeLimit<T>(
  work: Promise<T>,
  limitMs: number,
  schedule: Schedule = setTimer,
): Promise<T> {
  let cancelTimer = () => {};
  const exceeded = new Promise<never>((_, reject) => {
    cancelTimer = schedule(limitMs, () => reject(new TimeLimitExceeded()));
  });
  try {
    return await Promise.race([work, exceeded]);
  } finally {
    cancelTimer();
  }
}

export function setTimer(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}
