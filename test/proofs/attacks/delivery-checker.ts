/**
 * Compares the deliveries of an attack with their expected outcome. Pure.
 *
 * Rules for every message: it goes to `EVENTS_URL`, a receiver believes it and no changed copy of it, it has the
 * gateway's headers and no others, it contains no secret, and a repeated one is the same message. The log has nothing of
 * `EVENTS_URL` or of an answer, and the next attempt follows when the gateway wants, not when the receiver does.
 */
import { type Attack, FORGED } from "./attack.ts";
import type { AttackRunner } from "./attack-runner.ts";
import type { Deliveries } from "./deliveries.ts";
import { EVENTS_PATH, type EventMessage, headersOf, isGenuine } from "./event-receiver.ts";

/** `CF-Worker` is the platform's. */
const HEADERS = [
  ...["host", "content-length", "content-type", "user-agent", "accept-encoding", "connection", "cf-worker"],
  ...["webhook-id", "webhook-timestamp", "webhook-signature"],
];
/** A message that is sent again hours later has the time of its own attempt. */
const AGE_MAX_MS = 60_000;
/** The first pause is 5 s, and up to a fifth longer; a slow machine needs more. */
const PAUSE_MIN_MS = 5_000;
const PAUSE_MAX_MS = 30_000;
const KEY = /oct_(?:live|test)_[0-9A-Za-z]{20}/;

export function deliveryViolations(
  { outcome, altered }: Attack,
  deliveries: Deliveries,
  runner: AttackRunner,
): string[] {
  const { KEY_PEPPER, CONTROL_TOKEN, EVENTS_SECRET } = runner.cluster.settings;
  const secrets = [KEY_PEPPER, CONTROL_TOKEN, EVENTS_SECRET, ...runner.keys.map(({ secret }) => secret)].map(
    String,
  );
  const { messages, failures, unsent, logs } = deliveries;
  const expected = outcome.deliveries ?? { messages: [], failures: [], unsent: 0 };
  const got = { messages: messages.map(({ type }) => type), failures, unsent: unsent.length };
  const violations =
    JSON.stringify(got) === JSON.stringify(expected) ? [] : [`deliveries: ${JSON.stringify(got)}`];
  const ids = new Set(messages.map((message) => `${headerIn(message, "webhook-id")} ${message.body}`));
  if (ids.size > 1) violations.push("a repeated message is another one");
  for (const { attempts, waitsMs } of unsent) {
    const isPause = waitsMs >= PAUSE_MIN_MS && waitsMs < PAUSE_MAX_MS;
    if (attempts === 1 && !isPause) violations.push(`the next attempt follows in ${waitsMs} ms`);
  }
  const hidden = [EVENTS_PATH, FORGED, ...secrets];
  const leaks = hidden.filter((text) => logs.some((line) => line.includes(text)));
  return [
    ...violations,
    ...leaks.map((text) => `the log has ${text}`),
    ...messages.flatMap((message) => messageViolations(message, String(EVENTS_SECRET), secrets)),
    ...(altered ? messages.flatMap((message) => alteredViolations(message, altered, runner)) : []),
  ];
}

function messageViolations(
  message: EventMessage,
  eventsSecret: string,
  secrets: readonly string[],
): string[] {
  const violations: string[] = [];
  const { line, headers, body, receivedAt } = message;
  if (line !== `POST ${EVENTS_PATH}`) violations.push(`the receiver got ${line}`);
  if (!isGenuine(eventsSecret, body, headersOf(message))) violations.push("the signature is wrong");
  for (const [name, value] of headers) {
    if (!HEADERS.includes(name.toLowerCase())) violations.push(`a message has the header ${name}`);
    if (value.includes(FORGED)) violations.push(`forged: ${name}`);
  }
  const sentAt = Number(headerIn(message, "webhook-timestamp")) * 1000;
  if (Math.abs(receivedAt - sentAt) > AGE_MAX_MS) violations.push("a message has an old time");
  const fields = Object.keys(JSON.parse(body)).join();
  if (fields !== "type,timestamp,data") violations.push(`a message has the fields ${fields}`);
  if (KEY.test(body)) violations.push("a message has a key");
  for (const secret of secrets) if (body.includes(secret)) violations.push(`a message has ${secret}`);
  return violations;
}

/** `{same}`: what was there before; `{half}`: its first half. */
function alteredViolations(
  message: EventMessage,
  altered: NonNullable<Attack["altered"]>,
  runner: AttackRunner,
): string[] {
  const headers = headersOf(message);
  let { body } = message;
  for (const [part, text] of Object.entries(altered)) {
    const before = part === "body" ? body : (headers[part] ?? "");
    const half = before.slice(0, before.length / 2);
    const after = runner
      .substitute(text)
      .replace("{same}", () => before)
      .replace("{half}", () => half);
    if (part === "body") body = after;
    else headers[part] = after;
  }
  return isGenuine(String(runner.cluster.settings.EVENTS_SECRET), body, headers)
    ? ["a changed message is believed"]
    : [];
}

function headerIn(message: EventMessage, name: string): string {
  return headersOf(message)[name] ?? "";
}
