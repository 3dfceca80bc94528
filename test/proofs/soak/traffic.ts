/**
 * The traffic of a soak: each client keeps a connection to one gateway and sends requests with a random key and of a
 * random kind. Some disconnect before the response.
 */
import { setTimeout as pause } from "node:timers/promises";
import { RawConnection, type RawRequest } from "../../support/raw-http.ts";
import type { Respond } from "../../support/recording-origin.ts";
import type { SoakContext } from "./soak-context.ts";
import type { SoakKey } from "./soak-results.ts";

interface Kind {
  readonly request: RawRequest;
  /** Status for a live key with full access. */
  readonly status: number;
  /** Status for a test key, if different. */
  readonly testStatus?: number;
}

const get = (target: string, status = 200): Kind => ({ request: { method: "GET", target }, status });

const KINDS: readonly Kind[] = [
  get("/v1/posts"),
  get("/v1/posts?chunked"),
  get("/v1/posts?large"),
  get("/v1/posts?late"),
  { request: { method: "HEAD", target: "/v1/posts" }, status: 200 },
  { request: { method: "POST", target: "/v1/posts", body: "x".repeat(2000) }, status: 200 },
  { request: { method: "PUT", target: "/v1/presets/p_1", body: "{}" }, status: 200 },
  { request: { method: "DELETE", target: "/v1/accounts/a_1" }, status: 200, testStatus: 401 },
  get("/v1/nothing", 404),
  get("/v1/posts/x.css", 400),
  { request: { method: "PATCH", target: "/v1/posts" }, status: 400 },
];
const REFUSED_BEFORE_KEY = "/v1/posts/x.css";
const DISCONNECT_CHANCE = 0.005;
const RESPONSE_LIMIT_MS = 30_000;

/** The origins of a soak: small and large bodies, with a length and chunked, fast and delayed. */
export const respond: Respond = async (request, response, record) => {
  await record.received;
  const url = request.url ?? "";
  if (url.includes("late")) await pause(20);
  const body = Buffer.alloc(url.includes("large") ? 100_000 : 300, "octopost ");
  const framing = url.includes("chunked") ? {} : { "content-length": body.length };
  response.writeHead(200, { "content-type": "text/plain", ...framing });
  response.end(body);
};

/** Sends requests until the soak is over. */
export async function sendRequests(context: SoakContext, gateway: number): Promise<void> {
  const { cluster, random } = context;
  let connection = await RawConnection.open(cluster.gateway(gateway));
  while (!context.isOver()) {
    if (!connection.open) connection = await RawConnection.open(cluster.gateway(gateway));
    const key = random.pick(context.keys);
    await sendOne(context, connection, key, random.pick(KINDS), gateway);
    // Otherwise the recorded requests would grow without limit.
    for (const origin of [cluster.live, cluster.sandbox]) origin.requests.length = 0;
    if (context.pauseMs > 0) await pause(context.pauseMs);
  }
  connection.close();
}

async function sendOne(
  { results, random }: SoakContext,
  connection: RawConnection,
  key: SoakKey,
  { request, status, testStatus }: Kind,
  gateway: number,
): Promise<void> {
  const headers = [["Authorization", `Bearer ${key.secret}`]] as const;
  const startedAt = performance.now();
  const exchange = connection.send(
    { ...request, headers },
    { keepBody: false, timeoutMs: RESPONSE_LIMIT_MS },
  );
  if (random.chance(DISCONNECT_CHANCE)) {
    connection.destroy();
    await exchange.response().catch(() => {});
    return;
  }
  const response = await exchange.response().then(
    (response) => ({ status: response.status, complete: response.ended === "complete" }),
    () => ({ status: 0, complete: false }),
  );
  // Refused before authentication, so it does not depend on the key.
  if (request.target === REFUSED_BEFORE_KEY && response.status === status) return;
  const expected = key.mode === "test" ? (testStatus ?? status) : status;
  const what = `${request.method} ${request.target} on gateway ${gateway}`;
  results.judge(key, { what, expected, startedAt, ...response });
}
