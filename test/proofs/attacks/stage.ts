/**
 * Where attacks are carried out: gateways in real workerd with the built bundle, both origins, and a host that
 * nobody may contact. One stage serves any number of attacks, one at a time.
 *
 * It guarantees that a report has everything that left the gateway because of the attack, since the connection is
 * read to its end. What the attack proves is for judge.ts to say.
 */
import net, { type AddressInfo } from "node:net";
import type { IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { reply } from "../../support/origin-behaviours.ts";
import { encodeRequest, type Header, RawConnection } from "../../support/raw-http.ts";
import type { RecordedRequest } from "../../support/recording-origin.ts";
import { ResponseFraming, type ResponseHead } from "../../support/response-framing.ts";
import { within } from "../../support/time-limits.ts";
import { type Attack, KEYS, type KeyName, LIMITED_TIER } from "./attack.ts";

export const HOST = "api.octopost.ink";
export const CONTROL_HOST = "control.octopost.ink";
const CONNECTION_LIMIT_MS = 20_000;
/** Of the limit of requests. */
const WINDOW_MS = 60_000;
const ATTACK_MAX_MS = 5_000;

export interface Answer extends ResponseHead {
  readonly body: string;
}

export interface Report {
  readonly answers: readonly Answer[];
  readonly live: readonly RecordedRequest[];
  readonly sandbox: readonly RecordedRequest[];
  /** Connections to the host that nobody may contact. */
  readonly contacts: number;
}

export class Stage {
  readonly cluster: GatewayCluster;
  /** What `{name}` stands for. */
  readonly names = new Map<string, string>();
  readonly #keys = new Map<KeyName, IssuedKey>();
  readonly #elsewhere: net.Server;
  #contacts = 0;
  #limitedKeys = 0;

  /** `bundle`: the built Worker's path; in vitest, the one that the run has built. */
  static async open(bundle?: string): Promise<Stage> {
    const elsewhere = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const gatewaySettings = [{}, { CONTROL_HOST }];
    const cluster = await startCluster({
      gateways: 2,
      gatewaySettings,
      settings: { FORWARD_HEADERS: "X-Client-Version" },
      ...(bundle === undefined ? {} : { bundle }),
    });
    const stage = new Stage(cluster, elsewhere);
    for (const [name, key] of Object.entries(KEYS)) {
      stage.#keep(name as KeyName, await cluster.createKey({ account: "attacker", ...key }));
    }
    const [live, test] = [stage.keyOf("full").secret, stage.keyOf("test").secret];
    stage.names
      .set("testAsLive", test.replace("test", "live"))
      .set("liveAsTest", live.replace("live", "test"));
    return stage;
  }

  private constructor(cluster: GatewayCluster, elsewhere: net.Server) {
    this.cluster = cluster;
    this.#elsewhere = elsewhere;
    elsewhere.on("connection", () => {
      this.#contacts += 1;
    });
    this.names
      .set("live", new URL(cluster.live.url).host)
      .set("sandbox", new URL(cluster.sandbox.url).host)
      .set("elsewhere", `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`)
      .set("token", String(cluster.settings.CONTROL_TOKEN))
      .set("host", HOST)
      .set("controlHost", CONTROL_HOST);
  }

  keyOf(name: KeyName): IssuedKey {
    const key = this.#keys.get(name);
    if (!key) throw new Error(`there is no key ${name}`);
    return key;
  }

  get keys(): readonly IssuedKey[] {
    return [...this.#keys.values()];
  }

  /** Sends the attack and reads its connections to the end. */
  async carryOut(attack: Attack): Promise<Report> {
    const { live, sandbox } = this.cluster;
    if (attack.key === "limited") await this.#makeLimitedKey();
    for (const origin of [live, sandbox]) {
      origin.clear();
      const headers = attack.originAnswers?.map(([name, value]): Header => [name, this.fill(value)]);
      if (headers) origin.respond = reply(attack.originStatus ?? 200, headers, "body");
    }
    this.#contacts = 0;
    const bytes = this.#bytesOf(attack);
    const connections = Array.from({ length: attack.connections ?? 1 }, () => this.#exchange(attack, bytes));
    const answers = (await Promise.all(connections)).flat();
    if (connections.length > 1) answers.sort((a, b) => a.status - b.status);
    return { answers, live: live.requests, sandbox: sandbox.requests, contacts: this.#contacts };
  }

  async #exchange(attack: Attack, bytes: Buffer): Promise<Answer[]> {
    const connection = await RawConnection.open(this.cluster.gateway(attack.gateway ?? 0));
    await connection.write(bytes);
    // Nothing more will come, so the gateway closes once it has answered everything.
    connection.end();
    await within(CONNECTION_LIMIT_MS, `the end of the connection of "${attack.name}"`, connection.closed);
    return answersIn(connection.early, bytes);
  }

  fill(text: string): string {
    return text.replaceAll(/\{([A-Za-z.]+)\}/g, (whole, name) => this.names.get(name) ?? whole);
  }

  async close(): Promise<void> {
    await this.cluster.close();
    await new Promise((resolve) => this.#elsewhere.close(resolve));
  }

  #keep(name: KeyName, key: IssuedKey): void {
    this.#keys.set(name, key);
    this.names.set(name, key.secret).set(`${name}.id`, key.id);
  }

  async #makeLimitedKey(): Promise<void> {
    // An attack must not reach into the next window.
    const leftMs = WINDOW_MS - (Date.now() % WINDOW_MS);
    if (leftMs < ATTACK_MAX_MS) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
    const account = `limited_${this.#limitedKeys++}`;
    await this.cluster.control("PUT", `/accounts/${account}`, { tier: LIMITED_TIER });
    this.#keep("limited", await this.cluster.createKey({ account }));
  }

  #bytesOf(attack: Attack): Buffer {
    const { method = "GET", target = "/v1/posts", host = HOST, key = "full", headers = [], body } = attack;
    if (attack.bytes !== undefined) return Buffer.from(this.fill(attack.bytes), "latin1");
    const own: Header[] = [];
    if (host !== null) own.push(["Host", this.fill(host)]);
    if (key !== null) own.push(["Authorization", `Bearer ${this.keyOf(key).secret}`]);
    const filled = headers.map(([name, value]): Header => [name, this.fill(value)]);
    const request = { method, target: this.fill(target), headers: [...own, ...filled] };
    const text = body === undefined ? {} : { body: this.fill(body) };
    return encodeRequest({ ...request, ...text }, this.cluster.gateway(0)) as Buffer;
  }
}

const REQUEST_LINE = /^([A-Z]+) \S+ HTTP\/1\.1\r$/gm;

/** Every response on a connection; `sent` says to which methods. */
function answersIn(received: Buffer, sent: Buffer): Answer[] {
  const methods = [...sent.toString("latin1").matchAll(REQUEST_LINE)].map(([, method]) => method as string);
  const answers: Answer[] = [];
  let rest = received;
  while (rest.length > 0) {
    const framing = new ResponseFraming(methods[answers.length] ?? "GET", true);
    rest = framing.push(rest, 0);
    const head = framing.head ?? { status: 0, reason: "", headers: [] };
    answers.push({ ...head, body: framing.body.toString("latin1") });
  }
  return answers;
}
