/** A form that is submitted again while its first submission is in progress waits for it and gets the same answer. */
import { isRefusal, type Refusal } from "../refusals.ts";

const POLL_MS = 150;
/** Longer than the ledger may take to write a key. */
const WAIT_MAX_MS = 15_000;

export async function waitForEarlierSubmission<Answer extends object>(
  call: () => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const answer = await call();
    const isInProgress = isRefusal(answer) && answer.reason === "in_progress";
    if (!isInProgress || waitedMs >= WAIT_MAX_MS) return answer;
    await scheduler.wait(POLL_MS);
  }
}
