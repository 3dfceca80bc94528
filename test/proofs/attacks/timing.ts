/**
 * `npm run timing`: measures timing side channels of refusals. Flag: `--samples N`.
 *
 * Each round sends every kind of refusal once, in random order, on one warm connection, so that load on the machine
 * affects all kinds indistinguishable. Kinds that must be indistinguishable are compared with a rank test; a control compares one
 * kind with itself. Exits with 1 if two are distinguishable. It runs on loopback, which has less noise than any network,
 * and is not part of `npm test`, because it depends on time.
 */
import { createHmac, randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { accountLocator } from "../../../src/keys/locator.ts";
import { buildWorker } from "../../support/build-worker.ts";
import { unknownKey } from "../../support/forged-keys.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { eventually } from "../../support/time-limits.ts";
import { rankTest, visibleShift } from "./rank-test.ts";

/** With all comparisons below, a false alarm occurs once in 200 runs. */
const LEVEL = 0.005 / 9;
const WARM_UP_ROUNDS = 100;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

interface Kind {
  readonly name: string;
  readonly target: string;
  /** A new text for each request, so that no cache applies. */
  readonly credential: () => string;
  readonly microseconds: number[];
}

const { values: flags } = parseArgs({ options: { samples: { type: "string", default: "3000" } } });
const samples = Number(flags.samples);
if (!(samples >= 100)) throw new Error("--samples must be 100 or more");

const { bundle, remove } = await buildWorker();
const cluster = await startCluster({ bundle, settings: { LOG_SAMPLE_RATE: 0 } });
try {
  const { indistinguishable, others } = await kindsOfRefusal(cluster);
  await measure([...indistinguishable.flat(), ...others]);
  print(indistinguishable, others);
} finally {
  await cluster.close();
  await remove();
}

async function kindsOfRefusal(
  cluster: GatewayCluster,
): Promise<{ indistinguishable: Kind[][]; others: Kind[] }> {
  const { KEY_PEPPER, CONTROL_TOKEN } = cluster.settings;
  const token = String(CONTROL_TOKEN);
  const kind = (name: string, credential: () => string, target = "/v1/posts"): Kind => ({
    name,
    target,
    credential,
    microseconds: [],
  });
  const checked = (right: number) => () => almostKey(String(KEY_PEPPER), right);
  const wrongToken = (shared: number) => () => token.slice(0, shared) + random(token.length - shared);
  const controlCall = (name: string, credential: () => string) =>
    kind(name, credential, "/control/v1/accounts/acct/keys");

  const [revoked, expired, unknown] = [
    await cluster.createKey(),
    await cluster.createKey({ expires_at: new Date(Date.now() + 1000).toISOString() }),
    await unknownKey(cluster),
  ];
  await cluster.revoke(revoked.account, revoked.id);
  const locator = await accountLocator(revoked.account);
  await eventually("the expiry of a key", () => Date.now() > Date.parse(expired.expires_at ?? "") + 100);
  return {
    indistinguishable: [
      [0, 0, 1, 3, 5].map((right, i) =>
        kind(
          `made-up key, ${right} of 6 check characters right${i === 1 ? " (control)" : ""}`,
          checked(right),
        ),
      ),
      // Whether an account has a ledger is no secret that a made-up key may tell.
      [
        kind("made-up key, with the locator of a ledger", () => almostKey(String(KEY_PEPPER), 0, locator)),
        kind("made-up key, with a made-up locator", checked(0)),
      ],
      [
        controlCall("control token, no character right", wrongToken(0)),
        ...[1, 22, 43].map((n) => controlCall(`control token, first ${n} right`, wrongToken(n))),
        controlCall("control token, of another length", () => random(200)),
      ],
    ],
    others: [
      kind("malformed: not the shape of a key", () => `oct_live_${random(20)}`),
      kind("revoked", () => revoked.secret),
      kind("expired", () => expired.secret),
      kind("unknown: a valid check, but no such key in the ledger", () => unknown),
    ],
  };
}

async function measure(kinds: readonly Kind[]): Promise<void> {
  const connection = await RawConnection.open(cluster.gateway(0));
  for (let round = 0; round < WARM_UP_ROUNDS + samples; round++) {
    for (const { target, credential, microseconds } of shuffled(kinds)) {
      const headers = [["Authorization", `Bearer ${credential()}`]] as const;
      const response = await connection.request({ method: "GET", target, headers });
      if (response.status !== 401) throw new Error(`${response.status} instead of 401`);
      if (round >= WARM_UP_ROUNDS) {
        microseconds.push(1000 * ((response.firstByteAt ?? Number.NaN) - response.startedAt));
      }
    }
  }
  connection.close();
}

function print(indistinguishable: readonly Kind[][], others: readonly Kind[]): void {
  console.log(`${samples} interleaved samples of each kind; microseconds until the first byte\n`);
  const row = (name: string, cells: readonly string[]) =>
    console.log(name.padEnd(52) + cells.map((cell) => cell.padStart(11)).join(""));
  const quantiles = ({ microseconds }: Kind) =>
    [0.25, 0.5, 0.75].map((q) => quantile(microseconds, q).toFixed(0));
  for (const [reference, ...rest] of indistinguishable as [Kind, ...Kind[]][]) {
    row("must be indistinguishable", ["q25", "median", "q75", "larger", "p", "visible"]);
    row(reference.name, quantiles(reference));
    for (const kind of rest) {
      const { larger, p } = rankTest(kind.microseconds, reference.microseconds);
      const visible = visibleShift(reference.microseconds, reference.microseconds, LEVEL);
      row(kind.name, [...quantiles(kind), larger.toFixed(3), p.toFixed(3), visible.toFixed(1)]);
      if (p < LEVEL) process.exitCode = 1;
    }
    console.log();
  }
  row("differ, without harm", ["q25", "median", "q75"]);
  for (const kind of others) row(kind.name, quantiles(kind));
  console.log(
    `\n"larger": the probability that such a refusal takes longer than one of the first row. "visible": the`,
  );
  console.log(`smallest difference, in microseconds, that would have been detected at p < ${LEVEL}.`);
  console.log(process.exitCode ? "Two kinds are distinguishable." : "No two kinds are distinguishable.");
}

/** A text with a key's shape in which only the first characters of the check are right. */
function almostKey(pepper: string, right: number, locator = random(16)): string {
  const start = `oct_live_${locator}${random(24)}`;
  const check = checkOf(start, pepper);
  const wrong = [...random(6)].map((char, i) =>
    char === check[i] ? BASE62[(BASE62.indexOf(char) + 1) % 62] : char,
  );
  return start + check.slice(0, right) + wrong.join("").slice(right);
}

/** Like `key-text.ts`, implemented independently. */
function checkOf(start: string, pepper: string): string {
  const mac = createHmac("sha256", pepper).update(`octopost api key check v1:${start}`).digest();
  let number = mac.readBigUInt64BE(0);
  let check = "";
  for (let i = 0; i < 6; i++) {
    check = BASE62[Number(number % 62n)] + check;
    number /= 62n;
  }
  return check;
}

function random(length: number): string {
  return [...randomBytes(length)].map((byte) => BASE62[byte % 62]).join("");
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const order = items.map((item) => ({ item, at: Math.random() }));
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * q)] ?? Number.NaN;
}
