/** Finds a request's lines in a cluster's log by the request id in its answer. */

import { expect } from "vitest";
import type { GatewayCluster } from "./gateway-cluster.ts";
import type { RawResponse } from "./raw-http.ts";
import { eventually } from "./time-limits.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export function requestIdOf(response: RawResponse): string {
  return response.header("X-Request-Id") ?? "no request id";
}

/** What there is by now. */
export function logLinesOf(cluster: GatewayCluster, response: RawResponse): LogLine[] {
  return cluster.logs.filter((line) => line.includes(requestIdOf(response))).map((line) => JSON.parse(line));
}

/** The one line of a request. Lines come in order, so those of an earlier request are there by then as well. */
export async function logLineOf(cluster: GatewayCluster, response: RawResponse): Promise<LogLine> {
  await eventually(
    `the log line of ${requestIdOf(response)}`,
    () => logLinesOf(cluster, response).length > 0,
  );
  const lines = logLinesOf(cluster, response);
  expect(lines).toHaveLength(1);
  return lines[0] as LogLine;
}
