/**
 * Cloudflare's prices in dollars, beyond the paid plan's allowance, as published on developers.cloudflare.com in November
 * 2026. The plan itself and individual contracts are not included.
 */

export interface Price {
  readonly dollars: number;
  readonly per: number;
  readonly what: string;
  readonly page: string;
}

const MILLION = 1e6;

export const PRICES = {
  request: { dollars: 0.3, per: MILLION, what: "Worker requests", page: "/workers/platform/pricing/" },
  cpuMs: { dollars: 0.02, per: MILLION, what: "ms of CPU", page: "/workers/platform/pricing/" },
  kvRead: { dollars: 0.5, per: MILLION, what: "KV reads", page: "/kv/platform/pricing/" },
  ledgerCall: {
    dollars: 0.15,
    per: MILLION,
    what: "Durable Object calls",
    page: "/durable-objects/platform/pricing/",
  },
  ledgerGbSecond: {
    dollars: 12.5,
    per: MILLION,
    what: "GB-s of a Durable Object at work",
    page: "/durable-objects/platform/pricing/",
  },
  rowRead: { dollars: 0.001, per: MILLION, what: "rows read", page: "/durable-objects/platform/pricing/" },
  rowWritten: { dollars: 1, per: MILLION, what: "rows written", page: "/durable-objects/platform/pricing/" },
  logLine: {
    dollars: 0.6,
    per: MILLION,
    what: "log lines",
    page: "/workers/observability/logs/workers-logs/",
  },
  dataPoint: {
    dollars: 0.25,
    per: MILLION,
    what: "data points",
    page: "/analytics/analytics-engine/pricing/",
  },
} as const satisfies Record<string, Price>;

/** Average amounts per request. */
export type Amounts = Readonly<Partial<Record<keyof typeof PRICES, number>>>;

/** The cost of a million requests with these amounts each. */
export function dollarsPerMillion(amounts: Amounts): number {
  return Object.entries(amounts).reduce((sum, [name, amount]) => {
    const { dollars, per } = PRICES[name as keyof typeof PRICES];
    return sum + (MILLION * amount * dollars) / per;
  }, 0);
}
