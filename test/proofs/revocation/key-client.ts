/**
 * The clients of one key: send its requests to all gateways on raw connections and record the responses.
 *
 * Every request that is started is recorded, however it ends.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { IssuedKey } from "../../support/control-client.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import { type Bytes, type Exchange, RawConnection, type RawResponse } from "../../support/raw-http.ts";
import type { History, RequestKind, RequestRecord } from "./history.ts";
import { answering, type OriginBehaviour, type OriginScript, type ScriptedRequest } from "./origin-script.ts";
import { type RequestShape, USUAL } from "./restrictions.ts";

export interface CampaignContext {
  readonly cluster: GatewayCluster;
  readonly script: OriginScript;
  readonly history: History;
  readonly leaseMs: number;
  readonly marginMs: number;
  /** How long after `t` a request may stay open before it counts as left open. */
  readonly graceMs: number;
}

export interface OpenRequest {
  readonly origin: ScriptedRequest;
  readonly exchange: Exchange;
  readonly connection: RawConnection;
  readonly seen: Promise<RequestRecord>;
  /** Closes a request that the gateway has left open. */
  close(): void;
}

/** Small and large, with a length and chunked, fast and delayed: every way in which the gateway forwards a body. */
const LOAD: readonly OriginBehaviour[] = [
  answering(40),
  answering(600, { chunked: true }),
  answering(50_000),
  answering(40, { delayMs: 25 }),
];
const LOW_LOAD_PAUSE_MS = 120;
const HIGH_LOAD_PAUSE_MS = 25;
const PROBES_PER_GATEWAY = 3;
const EXCHANGE_MAX_MS = 60_000;

export class KeyClient {
  readonly key: IssuedKey;
  readonly gateways: readonly number[];
  /** Gateways that have refused it. */
  readonly refusedOn = new Set<number>();
  readonly #context: CampaignContext;
  readonly #shape: RequestShape;
  readonly #allowed: boolean;
  readonly #open = new Set<RawConnection>();
  #connections: RawConnection[] = [];
  #pauseMs = LOW_LOAD_PAUSE_MS;
  #loadStopped = false;
  #load: Promise<unknown> = Promise.resolve();

  /** `allows`: the requests that its restriction leaves allowed, which these are. */
  constructor(context: CampaignContext, key: IssuedKey, allows?: RequestShape) {
    this.#context = context;
    this.key = key;
    this.#shape = allows ?? USUAL;
    this.#allowed = allows !== undefined;
    this.gateways = context.cluster.gateways.map((_, index) => index);
  }

  /** Sends a request on a connection of its own. */
  async start(
    kind: RequestKind,
    gateway: number,
    behaviour: OriginBehaviour,
    body?: AsyncIterable<Bytes>,
  ): Promise<OpenRequest> {
    return this.#send(await this.#connect(gateway), kind, gateway, behaviour, body);
  }

  /** Opens a connection to every gateway, so that later requests are sent without delay. */
  async openConnections(): Promise<void> {
    this.#connections = await Promise.all(this.gateways.map((gateway) => this.#connect(gateway)));
  }

  /** One request on every gateway, concurrently. */
  async useEverywhere(): Promise<void> {
    await Promise.all(
      this.#connections.map((line, gateway) => this.#send(line, "load", gateway, answering(40)).seen),
    );
  }

  /** Uses the key on every gateway repeatedly until `stopLoad()`, which rejects if that failed. */
  startLoad(): void {
    this.#load = Promise.all(this.gateways.map((gateway) => this.#loadOn(gateway)));
    this.#load.catch(() => {});
  }

  /** Increases the load for the moments that matter. */
  increaseLoad(): void {
    this.#pauseMs = HIGH_LOAD_PAUSE_MS;
  }

  /** Sends several requests in sequence on every gateway, starting now. */
  async probeEverywhere(): Promise<void> {
    await Promise.all(this.#connections.map((line, gateway) => this.#probe(line, gateway)));
  }

  /** Uses the key on every gateway until each has accepted it, or for `limitMs`. */
  async useUntilAccepted(limitMs: number): Promise<void> {
    const until = performance.now() + limitMs;
    const useOn = async (gateway: number) => {
      let status = 0;
      while (status !== 200 && performance.now() < until) {
        const openRequest = await this.start("load", gateway, answering(40));
        ({ status } = await openRequest.seen);
        openRequest.connection.close();
        if (status !== 200) await pause(HIGH_LOAD_PAUSE_MS);
      }
    };
    await Promise.all(this.gateways.map(useOn));
  }

  async stopLoad(): Promise<void> {
    this.#loadStopped = true;
    await this.#load;
  }

  /** Stops the load and closes every connection. */
  async close(): Promise<void> {
    await this.stopLoad();
    for (const connection of this.#open) connection.close();
  }

  async #loadOn(gateway: number): Promise<void> {
    let connection = await this.#connect(gateway);
    // Out of step with the other gateways.
    for (let turn = gateway; !this.#loadStopped; turn++) {
      if (!connection.open) connection = await this.#connect(gateway);
      await this.#send(connection, "load", gateway, LOAD[turn % LOAD.length] as OriginBehaviour).seen;
      await pause(this.#pauseMs);
    }
  }

  async #probe(line: RawConnection, gateway: number): Promise<void> {
    let connection = line;
    for (let probe = 0; probe < PROBES_PER_GATEWAY; probe++) {
      if (!connection.open) connection = await this.#connect(gateway);
      await this.#send(connection, "probe", gateway, answering(40)).seen;
    }
  }

  async #connect(gateway: number): Promise<RawConnection> {
    const connection = await RawConnection.open(this.#context.cluster.gateway(gateway));
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }

  #send(
    connection: RawConnection,
    kind: RequestKind,
    gateway: number,
    behaviour: OriginBehaviour,
    body?: AsyncIterable<Bytes>,
  ): OpenRequest {
    const origin = this.#context.script.add(behaviour);
    const exchange = connection.send(
      {
        method: body === undefined ? "GET" : "POST",
        target: `${this.#shape.path}?n=${origin.number}`,
        headers: [
          ["Authorization", `Bearer ${this.key.secret}`],
          ["CF-Connecting-IP", this.#shape.address],
        ],
        ...(body === undefined ? {} : { body }),
      },
      { keepBody: false, timeoutMs: EXCHANGE_MAX_MS },
    );
    let closedByClient = false;
    const seen = exchange.response().then(
      (response) => this.#record(gateway, kind, origin, response, closedByClient),
      (error: Error) => {
        throw new Error(`${kind}, gateway ${gateway}, key "${this.key.name}": ${error.message}`);
      },
    );
    // The error surfaces when `seen` is awaited.
    seen.catch(() => {});
    const close = () => {
      closedByClient = true;
      connection.close();
    };
    return { origin, exchange, connection, seen, close };
  }

  #record(
    gateway: number,
    kind: RequestKind,
    origin: ScriptedRequest,
    response: RawResponse,
    closedByClient: boolean,
  ): RequestRecord {
    const request = {
      keyId: this.key.id,
      gateway,
      kind,
      allowed: this.#allowed,
      startedAt: response.startedAt,
      get forwardedAt() {
        return origin.forwardedAt;
      },
      get uploadedWhole() {
        return origin.uploadedWhole;
      },
      status: response.status,
      headersAt: response.headersAt,
      lastByteAt: response.lastByteAt,
      writtenAt: response.status === 200 ? origin.writtenAt : undefined,
      bodyLength: response.bodyLength,
      smallBody: origin.smallBody,
      get originAnsweredAt() {
        return origin.answeredAt;
      },
      offeredBytes: origin.offeredAtAnswer,
      closedByClient,
      ended: response.ended,
      endedAt: response.endedAt,
    };
    this.#context.history.requests.push(request);
    if (request.status === 401 || request.status === 403) this.refusedOn.add(gateway);
    return request;
  }
}
