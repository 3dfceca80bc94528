/**
 * Runs attacks against two gateways in real workerd with the built bundle, both origins, and a decoy host that must
 * never be contacted. One runner serves any number of attacks, one at a time.
 *
 * A report has everything that left the gateway because of the attack, since the connection is read to its end.
 * `outcome-checker.ts` judges the report.
 */
import net, { type AddressInfo } from "node:net";
import { nameOf, RIGHTS, sha256, tokenOf } from "../../control/credentials.ts";
import { ScanningKeys } from "../../control/scanning-keys.ts";
import type { IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { httpsFront, httpsFrontOf } from "../../support/https-front.ts";
import { reply } from "../../support/origin-behaviours.ts";
import { type Address, encodeRequest, type Header, RawConnection } from "../../support/raw-http.ts";
import type { RecordedRequest } from "../../support/recording-origin.ts";
import { within } from "../../support/time-limits.ts";
import { type Attack, KEYS, type KeyName, LIMITED_TIER } from "./attack.ts";
import { type ResponseRecord, responsesIn } from "./attack-responses.ts";
import { setTheScene } from "./attack-scene.ts";
import { type Deliveries, deliveriesOf, withEventsUrl } from "./deliveries.ts";
import { EventReceiver } from "./event-receiver.ts";

export const HOST = "api.octopost.ink";
const LOOPBACK = "127.0.0.1";
export const CONTROL_HOST = "control.octopost.ink";
const CONNECTION_LIMIT_MS = 20_000;
/** The window of the limit for requests. */
const WINDOW_MS = 60_000;
const ATTACK_MAX_MS = 5_000;
const EVENTS_SECRET = `whsec_${Buffer.alloc(32, "events").toString("base64")}`;

/** Each right alone on every account, and all rights on one that is not the attacked one. */
const CREDENTIALS = [
  ...RIGHTS.map((right) => ({ name: nameOf([right]), sha256: sha256(tokenOf([right])), may: [right] })),
  { name: "elsewhere", sha256: sha256(tokenOf(RIGHTS)), may: RIGHTS, accounts: ["elsewhere"] },
];

export interface Report {
  readonly responses: readonly ResponseRecord[];
  readonly live: readonly RecordedRequest[];
  readonly sandbox: readonly RecordedRequest[];
  /** Connections to the decoy host. */
  readonly decoyConnections: number;
  /** Reads of KV and calls of ledgers; undefined: not counted for this attack. */
  readonly storeCalls?: number;
  /** undefined: the attack has no receiver of events. */
  readonly deliveries?: Deliveries;
}

export class AttackRunner {
  readonly cluster: GatewayCluster;
  /** The values of `{name}` in an attack's texts. */
  readonly names = new Map<string, string>();
  readonly #keys = new Map<KeyName, IssuedKey>();
  readonly #fronts: readonly Address[];
  readonly #decoy: net.Server;
  readonly #github: ScanningKeys;
  readonly #receiver: EventReceiver;
  #decoyConnections = 0;
  #limitedKeys = 0;
  #accounts = 0;

  /** `bundle`: path of the built Worker; default: the one that the vitest run has built. */
  static async open(bundle?: string): Promise<AttackRunner> {
    const decoy = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => decoy.listen(0, "127.0.0.1", resolve));
    const gatewaySettings = [{}, { CONTROL_HOST }];
    const [github, receiver] = [await ScanningKeys.start(), await EventReceiver.start()];
    const cluster = await startCluster({
      gateways: 2,
      gatewaySettings,
      settings: {
        FORWARD_HEADERS: "X-Client-Version",
        PUBLIC_ORIGIN: `https://${HOST}`,
        CONTROL_CREDENTIALS: JSON.stringify(CREDENTIALS),
        SECRET_SCANNING_KEYS_URL: github.url,
        EVENTS_URL: receiver.url,
        EVENTS_SECRET,
      },
      extraWorkers: [httpsFrontOf(0), httpsFrontOf(1)],
      ...(bundle === undefined ? {} : { bundle }),
    });
    const fronts = [await httpsFront(cluster, 0), await httpsFront(cluster, 1)];
    const runner = new AttackRunner(cluster, fronts, decoy, github, receiver);
    for (const [name, key] of Object.entries(KEYS)) {
      runner.#addKey(name as KeyName, await cluster.createKey({ account: "attacker", ...key }));
    }
    await setTheScene(runner, github, receiver);
    return runner;
  }

  private constructor(
    cluster: GatewayCluster,
    fronts: readonly Address[],
    decoy: net.Server,
    github: ScanningKeys,
    receiver: EventReceiver,
  ) {
    this.cluster = cluster;
    this.#github = github;
    this.#receiver = receiver;
    this.#fronts = fronts;
    this.#decoy = decoy;
    for (const right of RIGHTS) this.names.set(right, tokenOf([right]));
    const decoyPort = String((decoy.address() as AddressInfo).port);
    decoy.on("connection", () => {
      this.#decoyConnections += 1;
    });
    this.names
      .set("live", new URL(cluster.live.url).host)
      .set("sandbox", new URL(cluster.sandbox.url).host)
      .set("decoyPort", decoyPort)
      .set("decoy", `127.0.0.1:${decoyPort}`)
      .set("eventsPort", String(receiver.port))
      .set("eventsSecret", EVENTS_SECRET)
      .set("token", String(cluster.settings.CONTROL_TOKEN))
      .set("host", HOST)
      .set("elsewhere", tokenOf(RIGHTS))
      .set("sha256", sha256(tokenOf(["keys:read"])))
      .set("controlHost", CONTROL_HOST);
  }

  keyOf(name: KeyName): IssuedKey {
    const key = this.#keys.get(name);
    if (!key) throw new Error(`unknown key: ${name}`);
    return key;
  }

  get keys(): readonly IssuedKey[] {
    return [...this.#keys.values()];
  }

  /** Sends the attack and reads its connections until they close. */
  async run(attack: Attack): Promise<Report> {
    if (attack.receiver) return await this.#runWithReceiver(attack, attack.receiver);
    const { live, sandbox } = this.cluster;
    if (attack.key === "limited") await this.#createLimitedKey();
    for (const origin of [live, sandbox]) {
      origin.clear();
      const headers = attack.originHeaders?.map(([name, value]): Header => [name, this.substitute(value)]);
      if (headers) origin.respond = reply(attack.originStatus ?? 200, headers, "body");
    }
    const decoyConnections = this.#decoyConnections;
    const countsCalls = attack.outcome.storeCalls !== undefined;
    if (countsCalls) await this.cluster.network.resetCounts();
    const bytes = this.#bytesOf(attack);
    const connections = Array.from({ length: attack.connections ?? 1 }, () => this.#exchange(attack, bytes));
    const responses = (await Promise.all(connections)).flat();
    if (connections.length > 1) responses.sort((a, b) => a.status - b.status);
    return {
      responses,
      live: live.requests,
      sandbox: sandbox.requests,
      decoyConnections: this.#decoyConnections - decoyConnections,
      ...(countsCalls && { storeCalls: await this.#storeCalls() }),
    };
  }

  /** Touches nothing that other attacks use, so several may run at once. */
  async #runWithReceiver(attack: Attack, receiver: NonNullable<Attack["receiver"]>): Promise<Report> {
    const account = `webhook_${this.#accounts++}`;
    this.names.set("account", account).set("newSha256", sha256(account));
    const bytes = this.#bytesOf(attack);
    const answers = receiver.map(({ bytes, ...rest }) => ({ ...rest, bytes: this.substitute(bytes) }));
    this.#receiver.answerWith(account, answers);
    const [decoyConnections, logLines] = [this.#decoyConnections, this.cluster.logs.length];
    const send = () => this.#exchange(attack, bytes);
    const { eventsUrl } = attack;
    const responses =
      eventsUrl === undefined
        ? await send()
        : await withEventsUrl(this.cluster, this.substitute(eventsUrl), send);
    const options = { attack, answers, firstLogLine: logLines };
    const deliveries = await deliveriesOf(this.cluster, this.#receiver, account, options);
    const contacted = this.#decoyConnections - decoyConnections;
    return { responses, live: [], sandbox: [], decoyConnections: contacted, deliveries };
  }

  /** At the same time, which is possible on the delivery of events alone. */
  runTogether(attacks: readonly Attack[]): ReadonlyMap<Attack, Promise<Report>> {
    return new Map(attacks.map((attack) => [attack, this.run(attack)]));
  }

  async #storeCalls(): Promise<number> {
    const { kvGets, ledgerCalls } = await this.cluster.network.counts();
    return Object.values(ledgerCalls).reduce((sum, count) => sum + count, kvGets);
  }

  async #exchange(attack: Attack, bytes: Buffer): Promise<ResponseRecord[]> {
    const gateway = attack.gateway ?? 0;
    const address = attack.https ? (this.#fronts[gateway] as Address) : this.cluster.gateway(gateway);
    const connection = await RawConnection.open(address);
    await connection.write(bytes);
    // Half-closed, so the gateway closes the connection once everything is answered.
    connection.end();
    await within(CONNECTION_LIMIT_MS, `the end of the connection of "${attack.name}"`, connection.closed);
    return responsesIn(connection.early, bytes);
  }

  substitute(text: string): string {
    return text.replaceAll(/\{([A-Za-z0-9.:]+)\}/g, (whole, name) => this.names.get(name) ?? whole);
  }

  async close(): Promise<void> {
    await this.cluster.close();
    await Promise.all([this.#github.close(), this.#receiver.close()]);
    await new Promise((resolve) => this.#decoy.close(resolve));
  }

  #addKey(name: KeyName, key: IssuedKey): void {
    this.#keys.set(name, key);
    this.names.set(name, key.secret).set(`${name}.id`, key.id);
  }

  async #createLimitedKey(): Promise<void> {
    // The attack must fit into one window.
    const leftMs = WINDOW_MS - (Date.now() % WINDOW_MS);
    if (leftMs < ATTACK_MAX_MS) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
    const account = `limited_${this.#limitedKeys++}`;
    await this.cluster.control("PUT", `/accounts/${account}`, { tier: LIMITED_TIER });
    this.#addKey("limited", await this.cluster.createKey({ account }));
  }

  #bytesOf(attack: Attack): Buffer {
    const { method = "GET", target = "/v1/posts", key = "full", headers = [], body } = attack;
    // On a public host, the control plane refuses plain HTTP before anything else.
    const { host = target.startsWith("/control/") ? LOOPBACK : HOST } = attack;
    if (attack.bytes !== undefined) return Buffer.from(this.substitute(attack.bytes), "latin1");
    const own: Header[] = [];
    if (host !== null) own.push(["Host", this.substitute(host)]);
    if (key !== null) own.push(["Authorization", `Bearer ${this.keyOf(key).secret}`]);
    const substituted = headers.map(([name, value]): Header => [name, this.substitute(value)]);
    const request = { method, target: this.substitute(target), headers: [...own, ...substituted] };
    const text = body === undefined ? {} : { body: this.substitute(body) };
    return encodeRequest({ ...request, ...text }, this.cluster.gateway(0)) as Buffer;
  }
}
