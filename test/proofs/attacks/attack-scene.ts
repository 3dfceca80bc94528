/**
 * What attackers have before their attacks: keys with changed locators, alerts of GitHub and signatures near them, links
 * and sessions of the key page, an answer that is stored for an `Idempotency-Key`. Each is a name in an attack's texts.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { base62Digits } from "../../../src/keys/base62.ts";
import { accountLocator } from "../../../src/keys/locator.ts";
import type { ScanningKeys } from "../../control/scanning-keys.ts";
import { enter, linkTo, pathOf, signIn } from "../../portal/key-page.ts";
import { eventually } from "../../support/time-limits.ts";
import type { AttackRunner } from "./attack-runner.ts";
import { ALERT } from "./classes/forged-alerts.ts";
import { type EventMessage, type EventReceiver, headersOf } from "./event-receiver.ts";

const LOCATOR_START = "oct_live_".length;
const LOCATOR_END = LOCATOR_START + 16;
const CHECK_LENGTH = 6;
/** The order of the group of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export async function setTheScene(
  runner: AttackRunner,
  github: ScanningKeys,
  receiver: EventReceiver,
): Promise<void> {
  const { cluster, names } = runner;
  const [live, test] = [runner.keyOf("full").secret, runner.keyOf("test").secret];
  names
    .set("testAsLive", test.replace("test", "live"))
    .set("liveAsTest", live.replace("live", "test"))
    .set("now", String(Date.now()));
  const suspended = `/accounts/attacker/keys/${runner.keyOf("suspended").id}/suspend`;
  await cluster.control("POST", suspended);
  const headers = [["Idempotency-Key", "guessable"]] as const;
  await cluster.control("POST", "/accounts/attacker/keys", { name: "guessed", mode: "live" }, { headers });
  await changeLocators(runner);
  signAlerts(runner, github);
  await openKeyPages(runner);
  await receiveMessage(runner, receiver);
}

async function changeLocators(runner: AttackRunner): Promise<void> {
  const { cluster, names } = runner;
  const { secret: other } = await cluster.createKey({ account: "elsewhere" });
  const key = runner.keyOf("full").secret;
  const withLocator = (locator: string) => key.slice(0, LOCATOR_START) + locator + key.slice(LOCATOR_END);
  const own = key.slice(LOCATOR_START, LOCATOR_END);
  const otherCase = own.replace(/[A-Za-z]/g, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
  const start = key.slice(0, -CHECK_LENGTH);
  const digest = createHash("sha256").update(`octopost api key check v1:${start}`).digest();
  names
    .set("elsewhereLocator", withLocator(await accountLocator("elsewhere")))
    .set("madeUpLocator", withLocator(await accountLocator("an account that there is not")))
    .set("locatorInOtherCase", withLocator(otherCase))
    .set("spliced", key.slice(0, LOCATOR_END) + other.slice(LOCATOR_END))
    .set("locatorAlone", key.slice(0, LOCATOR_END).padEnd(key.length, "0"))
    .set("checkWithoutPepper", start + base62Digits(digest.readBigUInt64BE(0), CHECK_LENGTH));
}

function signAlerts(runner: AttackRunner, github: ScanningKeys): void {
  const { names } = runner;
  const body = runner.substitute(ALERT);
  const headers = Object.fromEntries(github.signed(body).headers);
  const signature = headers["Github-Public-Key-Signature"] ?? "";
  const der = Buffer.from(signature, "base64");
  const [r, s] = integersOf(der);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  names
    .set("scan.id", headers["Github-Public-Key-Identifier"] ?? "")
    .set("scan.foreignId", "0".repeat(64))
    .set("scan.signature", signature)
    .set("scan.signatureInUrl", encodeURIComponent(signature))
    .set(
      "scan.ofEmptyList",
      Object.fromEntries(github.signed("[]").headers)["Github-Public-Key-Signature"] ?? "",
    )
    .set("scan.foreign", signedBy(privateKey, body))
    .set("scan.zero", derOf(padded(0n), padded(0n)))
    .set("scan.zeroR", derOf(padded(0n), s))
    .set("scan.addedOrder", derOf(r, encoded(BigInt(`0x${s.toString("hex")}`) + ORDER)))
    .set("scan.trailing", Buffer.concat([der, Buffer.alloc(1)]).toString("base64"))
    .set("scan.bare", Buffer.concat([r.subarray(-32), s.subarray(-32)]).toString("base64"))
    .set("scan.urlAlphabet", `${signature.replaceAll("+", "-").replaceAll("/", "_").replace(/^./, "-")}`);
}

function signedBy(key: KeyObject, body: string): string {
  return sign("sha256", Buffer.from(body), key).toString("base64");
}

/** The two integers of a signature in DER. */
function integersOf(der: Buffer): [Buffer, Buffer] {
  const length = der[3] ?? 0;
  return [der.subarray(4, 4 + length), der.subarray(6 + length)];
}

function derOf(r: Buffer, s: Buffer): string {
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]);
  const both = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]).toString("base64");
}

/** Of a signature's usual length, so that it is decoded. */
function padded(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}

function encoded(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(66, "0"), "hex");
}

async function openKeyPages({ cluster, names }: AttackRunner): Promise<void> {
  const session = await signIn(cluster, "attacker");
  const other = await signIn(cluster, "attacker");
  const link = await linkTo(cluster, "attacker");
  const used = await linkTo(cluster, "attacker");
  await enter(cluster, used);
  const path = pathOf(link);
  const token = path.slice(path.lastIndexOf("/") + 1);
  const cookie = session.cookie[1];
  names
    .set("page.cookie", cookie)
    .set("page.session", cookie.slice(cookie.indexOf("=") + 1))
    .set("page.token", session.token)
    .set("page.otherToken", other.token)
    .set("page.link", path)
    .set("page.linkToken", token)
    .set("page.used", pathOf(used))
    .set("page.renamed", path.replace("attacker.", "elsewhere."))
    .set("page.madeUp", path.replace(/[^.]*$/, "A".repeat(43)));
}

async function receiveMessage({ names }: AttackRunner, receiver: EventReceiver): Promise<void> {
  await eventually("a message", () => receiver.of("attacker").length > 0);
  const [message] = receiver.of("attacker") as [EventMessage];
  const headers = headersOf(message);
  names
    .set("message.body", message.body)
    .set("message.id", headers["webhook-id"] ?? "")
    .set("message.time", headers["webhook-timestamp"] ?? "")
    .set("message.signature", headers["webhook-signature"] ?? "")
    .set("soon", String(Math.floor(Date.now() / 1000) + 60));
}
