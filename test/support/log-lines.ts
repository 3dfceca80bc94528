/** Finds the log lines of a request by the request id in its response. */

import { expect } from "vitest";
import type { GatewayCluster } from "./gateway-cluster.ts";
import type { RawResponse } from "./raw-http.ts";
import { eventually } from "./time-limits.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export function requestIdOf(response: RawResponse): string {
  return response.header("X-Request-Id") ?? "no request id";
}

/** The lines printed so far. */
export function logLinesOf(cluster: GatewayCluster, response: RawResponse): LogLine[] {
  return cluster.logs.filter((line) => line.includes(requestIdOf(response))).map((line) => JSON.parse(line));
}

/** The only line of a request. Lines are printed in order, so those of earlier requests exist by then. */
export async function logLineOf(cluster: GatewayCluster, response: RawResponse): Promise<LogLine> {
  await eventually(
    `the log line of ${requestIdOf(response)}`,
    () => logLinesOf(cluster, response).length > 0,
  );
  const lines = logLinesOf(cluster, response);
  expect(lines).toHaveLength(1);
  return lines[0] as LogLine;
}
