/**
 * Metrics: one data point per request to the API, with the columns that docs/operations.md and its queries name.
 *
 * The dataset is a fake that prints each point into workerd's log, since the platform's local dataset drops them.
 * How Analytics Engine stores a point is not tested.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { countRequest } from "../../src/gateway/metrics.ts";
import { finishRequest, RequestReport } from "../../src/gateway/request-report.ts";
import { clusterWorkers, type Settings } from "../support/cluster-workers.ts";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { logLineOf, requestIdOf } from "../support/log-lines.ts";
import { reply, resetConnection } from "../support/origin-behaviours.ts";
import { type Address, type RawRequest, rawRequest } from "../support/raw-http.ts";
import { RecordingOrigin } from "../support/recording-origin.ts";
import { eventually } from "../support/time-limits.ts";

interface Point {
  readonly indexes: readonly string[];
  readonly blobs: readonly string[];
  readonly doubles: readonly number[];
}

const MS = expect.any(Number);

/** Binds a dataset that prints, before the Worker reads its bindings. */
const FAKE_DATASET = `
  import { env } from "cloudflare:workers";
  env.USAGE = { writeDataPoint: (point) => console.log("data point " + JSON.stringify(point)) };
`;

const WITH_FAKE_DATASET = `
  import "./fake-dataset.js";
  export { default } from "./worker.js";
`;

let cluster: GatewayCluster;
let origins: { live: RecordingOrigin; sandbox: RecordingOrigin };
let key: IssuedKey;

beforeAll(async () => {
  origins = { live: await RecordingOrigin.start("live"), sandbox: await RecordingOrigin.start("sandbox") };
  const settings: Settings = {
    LIVE_ORIGIN: origins.live.url,
    SANDBOX_ORIGIN: origins.sandbox.url,
    KEY_PEPPER: "a pepper that is long enough",
    CONTROL_TOKEN: "a-token-that-is-long-enough",
    ASSERTION_KEY: JSON.stringify(newAssertionKey()),
    LOG_SAMPLE_RATE: 0,
    SERVER_TIMING: "",
  };
  cluster = await startCluster({
    settings: { ...settings, METRICS: "off" },
    gateways: 2,
    gatewaySettings: [{}, { METRICS: "on" }],
    extraWorkers: [
      gatewayWithDataset("counting", { ...settings, METRICS: "on" }),
      gatewayWithDataset("not-counting", { ...settings, METRICS: "off" }),
    ],
  });
  key = await cluster.createKey();
});
afterAll(async () => {
  await cluster.close();
  await Promise.all([origins.live.close(), origins.sandbox.close()]);
});
beforeEach(() => origins.live.clear());

function gatewayWithDataset(name: string, settings: Settings) {
  const [gateway] = clusterWorkers(inject("workerBundle"), 1, settings);
  if (!gateway) throw new Error("there is no gateway");
  const support = join(import.meta.dirname, "..", "support");
  const module = (file: string, contents: string) => ({
    type: "ESModule" as const,
    path: join(support, file),
    contents,
  });
  const built = readFileSync(inject("workerBundle"), "utf8");
  const modules = [
    module("with-fake-dataset.js", WITH_FAKE_DATASET),
    module("fake-dataset.js", FAKE_DATASET),
    module("worker.js", built),
  ];
  return { ...gateway, name, modules, modulesRoot: support };
}

async function addressOf(worker: string): Promise<Address> {
  const { hostname, port } = await cluster.miniflare.unsafeGetDirectURL(worker);
  return { host: hostname, port: Number(port) };
}

function points(): Point[] {
  return cluster.logs
    .filter((line) => line.startsWith("data point "))
    .map((line) => JSON.parse(line.slice("data point ".length)));
}

/** Sends one request, and returns its data point. */
async function pointOf(secret: string | null, request: Partial<RawRequest> = {}): Promise<Point> {
  const before = points().length;
  await rawRequest(await addressOf("counting"), {
    method: "GET",
    target: "/v1/posts?query",
    headers: secret === null ? [] : [["Authorization", `Bearer ${secret}`]],
    ...request,
  });
  await eventually("a data point", () => points().length > before);
  expect(points()).toHaveLength(before + 1);
  return points().at(-1) as Point;
}

describe("the columns of a data point", () => {
  test("of an answered request", async () => {
    expect(await pointOf(key.secret, { method: "DELETE", target: "/v1/posts/post_1" })).toEqual({
      indexes: [key.account],
      blobs: [
        key.id, // blob1
        "live", // blob2
        "DELETE", // blob3
        "/v1/posts/:id", // blob4
        "", // blob5: no reason to refuse it
        expect.stringMatching(/^(?:hit|renewed|miss)$/), // blob6
        key.created_at, // blob7
      ],
      doubles: [200, MS, MS, 200, 0], // status, gateway ms, total ms, origin status
    });
  });

  test("of a refused request: the reason and the key", async () => {
    const limited = await cluster.createKey({ mode: "test", permissions: ["presets:read"] });
    const { indexes, blobs, doubles } = await pointOf(limited.secret);
    expect(indexes).toEqual([limited.account]);
    expect([blobs[0], blobs[1], blobs[2], blobs[4]]).toEqual([
      limited.id,
      "test",
      "GET",
      "missing_permission",
    ]);
    expect(doubles).toEqual([403, MS, MS, 0, 0]);
  });

  test("of a request without a key: empty columns", async () => {
    expect(await pointOf(null)).toEqual({
      indexes: [""],
      blobs: ["", "", "GET", "", "missing_credential", "", ""],
      doubles: [401, MS, MS, 0, 0],
    });
  });

  test("of an origin's failure: the client's status and the origin's", async () => {
    origins.live.respond = reply(401);
    expect((await pointOf(key.secret)).doubles).toEqual([502, MS, MS, 401, 0]);
    origins.live.respond = resetConnection();
    expect(await pointOf(key.secret)).toMatchObject({ doubles: [502, MS, MS, 0, 0] });
    origins.live.respond = reply(500);
    expect((await pointOf(key.secret)).doubles).toEqual([500, MS, MS, 500, 0]);
  });

  test("the gateway's time is the total without the origin's", () => {
    const written: Point[] = [];
    const report = new RequestReport("id", "GET", 1000, false);
    report.originMs = 70;
    const dataset = { writeDataPoint: (point: unknown) => void written.push(point as Point) };
    countRequest(dataset as AnalyticsEngineDataset, finishRequest(report, 200, null, 1100), 0);
    expect(written[0]?.doubles.slice(0, 3)).toEqual([200, 30, 100]);
  });
});

test("each of many concurrent requests has one data point", async () => {
  const before = points().length;
  const counting = await addressOf("counting");
  const send = (secret: string) =>
    rawRequest(counting, {
      method: "GET",
      target: "/v1/posts",
      headers: [["Authorization", `Bearer ${secret}`]],
    });
  await Promise.all(Array.from({ length: 40 }, (_, i) => send(i % 2 === 0 ? key.secret : "made-up")));
  await eventually("the data points", () => points().length >= before + 40);
  const reasons = points()
    .slice(before)
    .map(({ blobs }) => blobs[4]);
  expect(reasons.sort()).toEqual([...Array(20).fill(""), ...Array(20).fill("malformed_key")]);
});

describe("METRICS", () => {
  test("off: no data point, though the dataset is bound", async () => {
    const before = points().length;
    const headers = [["Authorization", `Bearer ${key.secret}`]] as const;
    const quiet = await addressOf("not-counting");
    const response = await rawRequest(quiet, { method: "GET", target: "/v1/posts", headers });
    expect(response.status).toBe(200);
    // Lines arrive in order, so an earlier point would have arrived by now.
    await pointOf(key.secret);
    expect(points()).toHaveLength(before + 1);
  });

  test("on, without a dataset: no request is served, and the log names the binding", async () => {
    const response = await rawRequest(cluster.gateway(1), { method: "GET", target: "/healthz" });
    expect(response.status).toBe(500);
    expect(await logLineOf(cluster, response)).toEqual({
      event: "invalid_setting",
      request_id: requestIdOf(response),
      setting: "USAGE",
    });
  });
});
