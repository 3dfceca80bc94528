/**
 * The traffic of a soak: each client keeps a connection to one gateway and sends requests with a random key, of a random
 * kind and from a random address. Some disconnect before the response.
 */
import { setTimeout as pause } from "node:timers/promises";
import { RawConnection, type RawRequest } from "../../support/raw-http.ts";
import type { Respond } from "../../support/recording-origin.ts";
import type { SoakContext, SoakKey } from "./soak-context.ts";
import { ADDRESSES } from "./terms-churn.ts";

const get = (target: string): RawRequest => ({ method: "GET", target });

const REQUESTS: readonly RawRequest[] = [
  get("/v1/posts"),
  get("/v1/posts?chunked"),
  get("/v1/posts?large"),
  get("/v1/posts?late"),
  { method: "HEAD", target: "/v1/posts" },
  { method: "POST", target: "/v1/posts", body: "x".repeat(2000) },
  { method: "PUT", target: "/v1/presets/p_1", body: "{}" },
  { method: "DELETE", target: "/v1/accounts/a_1" },
  get("/v1/nothing"),
  get("/v1/posts/x.css"),
  { method: "PATCH", target: "/v1/posts" },
];
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
    await sendOne(context, connection, random.pick(context.keys), gateway);
    // Otherwise the recorded requests would grow without limit.
    for (const origin of [cluster.live, cluster.sandbox]) origin.requests.length = 0;
    if (context.pauseMs > 0) await pause(context.pauseMs);
  }
  connection.close();
}

async function sendOne(
  { results, random }: SoakContext,
  connection: RawConnection,
  { id, secret, terms }: SoakKey,
  gateway: number,
): Promise<void> {
  const request = random.pick(REQUESTS);
  const address = random.pick(ADDRESSES);
  const headers = [
    ["Authorization", `Bearer ${secret}`],
    ["CF-Connecting-IP", address],
  ] as const;
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
  const { method, target } = request;
  const path = target.split("?", 1)[0] ?? "";
  const endedAt = performance.now();
  const allowed = terms.statuses({ method, path, address }, startedAt, endedAt);
  const what = `${method} ${target} from ${address} on gateway ${gateway}, key ${id}`;
  results.judge({ what, allowed, startedAt, endedAt, ...response });
}
