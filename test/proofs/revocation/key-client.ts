/**
 * Everybody who uses one key: sends its requests to all gateways on raw connections and notes what came back.
 *
 * Every request that is started ends up in the history, whatever becomes of it.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { IssuedKey } from "../../support/control-client.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import { type Bytes, type Exchange, RawConnection, type RawResponse } from "../../support/raw-http.ts";
import type { History, RequestKind, SeenRequest } from "./history.ts";
import { type Act, answering, type OriginScript, type OriginSide } from "./origin-script.ts";

export interface Stage {
  readonly cluster: GatewayCluster;
  readonly script: OriginScript;
  readonly history: History;
  readonly leaseMs: number;
  readonly marginMs: number;
  /** How long after `t` a request may be left open before it counts as left open for good. */
  readonly patienceMs: number;
}

export interface Flight {
  readonly origin: OriginSide;
  readonly exchange: Exchange;
  readonly connection: RawConnection;
  readonly seen: Promise<SeenRequest>;
  /** Ends a request that the gateway has left open. */
  giveUp(): void;
}

/** Small and large, with a length and chunked, soon and late: every way the gateway has of passing on a body. */
const LOAD: readonly Act[] = [
  answering(40),
  answering(600, { chunked: true }),
  answering(50_000),
  answering(40, { delayMs: 25 }),
];
const CALM_PAUSE_MS = 120;
const HURRIED_PAUSE_MS = 25;
const PROBES_PER_GATEWAY = 3;
const EXCHANGE_MAX_MS = 60_000;

export class KeyClient {
  readonly key: IssuedKey;
  readonly gateways: readonly number[];
  /** Gateways that have answered 401. */
  readonly refusedOn = new Set<number>();
  readonly #stage: Stage;
  readonly #open = new Set<RawConnection>();
  #lines: RawConnection[] = [];
  #pauseMs = CALM_PAUSE_MS;
  #loadStopped = false;
  #load: Promise<unknown> = Promise.resolve();

  constructor(stage: Stage, key: IssuedKey) {
    this.#stage = stage;
    this.key = key;
    this.gateways = stage.cluster.gateways.map((_, index) => index);
  }

  /** Starts a request on a connection of its own. */
  async start(kind: RequestKind, gateway: number, act: Act, body?: AsyncIterable<Bytes>): Promise<Flight> {
    return this.#send(await this.#connect(gateway), kind, gateway, act, body);
  }

  /** Opens a connection to every gateway, so that what is sent on it leaves at once. */
  async openLines(): Promise<void> {
    this.#lines = await Promise.all(this.gateways.map((gateway) => this.#connect(gateway)));
  }

  /** One request on every gateway, all at once. */
  async useEverywhere(): Promise<void> {
    await Promise.all(
      this.#lines.map((line, gateway) => this.#send(line, "load", gateway, answering(40)).seen),
    );
  }

  /** Uses the key on every gateway again and again, until `stopLoad()`, which says if that failed. */
  startLoad(): void {
    this.#load = Promise.all(this.gateways.map((gateway) => this.#loadOn(gateway)));
    this.#load.catch(() => {});
  }

  /** Makes the load denser, for the moments that matter. */
  hurry(): void {
    this.#pauseMs = HURRIED_PAUSE_MS;
  }

  /** Tries the key on every gateway, starting now, several times over. */
  async probeEverywhere(): Promise<void> {
    await Promise.all(this.#lines.map((line, gateway) => this.#probe(line, gateway)));
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
    // Not in step with the other gateways.
    for (let turn = gateway; !this.#loadStopped; turn++) {
      if (!connection.open) connection = await this.#connect(gateway);
      await this.#send(connection, "load", gateway, LOAD[turn % LOAD.length] as Act).seen;
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
    const connection = await RawConnection.open(this.#stage.cluster.gateway(gateway));
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }

  #send(
    connection: RawConnection,
    kind: RequestKind,
    gateway: number,
    act: Act,
    body?: AsyncIterable<Bytes>,
  ): Flight {
    const origin = this.#stage.script.add(act);
    const exchange = connection.send(
      {
        method: body === undefined ? "GET" : "POST",
        target: `/v1/posts?n=${origin.number}`,
        headers: [["Authorization", `Bearer ${this.key.secret}`]],
        ...(body === undefined ? {} : { body }),
      },
      { keepBody: false, timeoutMs: EXCHANGE_MAX_MS },
    );
    let givenUp = false;
    const seen = exchange.response().then(
      (response) => this.#note(gateway, kind, origin, response, givenUp),
      (error: Error) => {
        throw new Error(`${kind}, gateway ${gateway}, key "${this.key.name}": ${error.message}`);
      },
    );
    // Whoever waits for it hears of an error, now or later.
    seen.catch(() => {});
    const giveUp = () => {
      givenUp = true;
      connection.close();
    };
    return { origin, exchange, connection, seen, giveUp };
  }

  #note(
    gateway: number,
    kind: RequestKind,
    origin: OriginSide,
    response: RawResponse,
    givenUp: boolean,
  ): SeenRequest {
    const request = {
      keyId: this.key.id,
      gateway,
      kind,
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
      offeredBytes: origin.offeredAtAnswer,
      givenUp,
      ended: response.ended,
      endedAt: response.endedAt,
    };
    this.#stage.history.requests.push(request);
    if (request.status === 401) this.refusedOn.add(gateway);
    return request;
  }
}
