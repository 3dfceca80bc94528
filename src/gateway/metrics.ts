/**
 * One data point per request to the API, in the Analytics Engine dataset `USAGE`; none for a request that the platform
 * ended with its client.
 *
 * The columns are fixed, since the queries in docs/operations.md use them. A data point has no fact that the log does not have.
 */
import type { FinishedRequest } from "./request-report.ts";

/** Writes without waiting; nothing when metrics are off (`dataset` is null). */
export function countRequest(
  dataset: AnalyticsEngineDataset | null,
  finished: FinishedRequest,
  clockSteps: number,
): void {
  if (!dataset) return;
  const { report, status, reason, totalMs, gatewayMs } = finished;
  const record = report.key?.record;
  dataset.writeDataPoint({
    // index1: the sampling key.
    indexes: [record?.account ?? ""],
    blobs: [
      record?.id ?? "", // blob1
      record?.mode ?? "", // blob2
      report.method, // blob3
      report.row?.route ?? "", // blob4
      reason ?? "", // blob5
      report.lease ?? "", // blob6
      record?.created_at ?? "", // blob7
    ],
    doubles: [
      status, // double1
      gatewayMs, // double2
      totalMs, // double3
      report.originStatus ?? 0, // double4
      clockSteps, // double5
    ],
  });
}
