/** Finds the log lines of a request by the request id in its response. */

import { expect } from "vitest";
import type { GatewayCluster } from "./gateway-cluster.ts";
import { type RawResponse, rawRequest } from "./raw-http.ts";
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

/** All lines, once those of every request that has been answered are among them. */
export async function completeLog(cluster: GatewayCluster): Promise<readonly string[]> {
  // Refused, so that it has a line whatever the sample rate.
  await logLineOf(cluster, await rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/posts" }));
  return cluster.logs;
}
