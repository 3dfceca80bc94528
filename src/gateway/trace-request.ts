/**
 * A request in the platform's traces: spans for authenticate, lease (while it waits for the ledger) and forward.
 *
 * Guarantees that their attributes are fields of the log line: no key, hash, path, query string or body. A request
 * without a trace costs nothing here.
 */
import { tracing } from "cloudflare:workers";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { RequestReport } from "./request-report.ts";

/** Runs a step in a span, whose attributes are set when the step has completed. */
export function traceStep<Outcome extends object>(
  name: "authenticate" | "forward",
  report: RequestReport,
  step: () => Promise<Outcome>,
): Promise<Outcome> {
  if (!report.isTraced) return step();
  return tracing.enterSpan(name, async (span) => {
    const outcome = await step();
    if (span.isTraced) {
      const record = report.key?.record;
      span.setAttributes({
        request_id: report.requestId,
        account: record?.account,
        key_id: record?.id,
        mode: record?.mode,
        route: report.row?.route,
        lease: report.lease ?? undefined,
        origin_status: report.originStatus ?? undefined,
        reason: isRefusal(outcome) ? outcome.reason : undefined,
      });
    }
    return outcome;
  });
}

/** Whether this request has a trace. Read once per request: a span costs about as much as a whole warm request. */
export function isTraced(): boolean {
  return tracing.getActiveSpan()?.isTraced ?? false;
}

/** A ledger call that a request waits for. `outcome`: `valid`, or the reason of the refusal. */
export function traceLease(call: () => Promise<Refusal | null>): Promise<Refusal | null> {
  return tracing.enterSpan("lease", async (span) => {
    const refusal = await call();
    if (span.isTraced) span.setAttribute("outcome", refusal?.reason ?? "valid");
    return refusal;
  });
}
