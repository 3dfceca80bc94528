/**
 * The traffic of a soak: callers that each keep a connection to one gateway, and draw a key and a kind of request
 * for every turn. Some hang up in the middle.
 */
import { setTimeout as pause } from "node:timers/promises";
import { RawConnection, type RawRequest } from "../../support/raw-http.ts";
import type { Respond } from "../../support/recording-origin.ts";
import type { SoakKey } from "./tally.ts";
import type { World } from "./world.ts";

interface Kind {
  readonly request: RawRequest;
  /** What a live key with full access gets. */
  readonly status: number;
  /** What a test key gets, if something else. */
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
const NOT_JUDGED_BY_KEY = "/v1/posts/x.css";
const HANG_UP_CHANCE = 0.005;
const RESPONSE_LIMIT_MS = 30_000;

/** The origins of a soak: small and large bodies, with a length and in chunks, soon and late. */
export const respond: Respond = async (request, response, record) => {
  await record.received;
  const url = request.url ?? "";
  if (url.includes("late")) await pause(20);
  const body = Buffer.alloc(url.includes("large") ? 100_000 : 300, "octopost ");
  const framing = url.includes("chunked") ? {} : { "content-length": body.length };
  response.writeHead(200, { "content-type": "text/plain", ...framing });
  response.end(body);
};

/** Sends one request after another until the soak is over. */
export async function call(world: World, gateway: number): Promise<void> {
  const { cluster, random } = world;
  let connection = await RawConnection.open(cluster.gateway(gateway));
  while (!world.over()) {
    if (!connection.open) connection = await RawConnection.open(cluster.gateway(gateway));
    const key = random.pick(world.keys);
    await turn(world, connection, key, random.pick(KINDS), gateway);
    // What the origins have recorded would grow without end.
    for (const origin of [cluster.live, cluster.sandbox]) origin.requests.length = 0;
    if (world.pauseMs > 0) await pause(world.pauseMs);
  }
  connection.close();
}

async function turn(
  { tally, random }: World,
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
  if (random.chance(HANG_UP_CHANCE)) {
    connection.destroy();
    await exchange.response().catch(() => {});
    return;
  }
  const answered = await exchange.response().then(
    (response) => ({ status: response.status, whole: response.ended === "complete" }),
    () => ({ status: 0, whole: false }),
  );
  // Refused before the key is looked at, so it says nothing of the key.
  if (request.target === NOT_JUDGED_BY_KEY && answered.status === status) return;
  const expected = key.mode === "test" ? (testStatus ?? status) : status;
  const what = `${request.method} ${request.target} on gateway ${gateway}`;
  tally.judge(key, { what, expected, startedAt, ...answered });
}
