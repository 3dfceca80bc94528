/**
 * Text of a caller's choice that is stored, and shown later on a page, in a table, in a terminal or in a log.
 *
 * A control character, an override of the direction of writing, half a character: each is refused, wherever it is sent.
 */
import type { Attack } from "../attack.ts";

const TERMINAL = "CVE-2024-52005, Git";
const LOG = "GHSA-xwfj-jgwm-7wp5, tracing-subscriber";
const BIDI = "CVE-2021-42574, Rust";
const PROTOTYPE = "CVE-2019-10744, lodash";
const KEPT_BEARER = "RFC 6750, section 5.3";
const ACCOUNT = "/control/v1/accounts/attacker";

const call = (
  name: string,
  incident: string,
  target: string,
  body: string,
  more: Partial<Attack> = {},
): Attack => ({
  name,
  incident,
  key: null,
  method: "POST",
  target,
  headers: [
    ["Authorization", "Bearer {token}"],
    ["Content-Type", "application/json"],
  ],
  body,
  outcome: { statuses: [422] },
  ...more,
});

const key = (fields: string): string => `{"name":"a key","mode":"live",${fields}}`;
const named = (name: string, incident: string, text: string): Attack =>
  call(name, incident, `${ACCOUNT}/keys`, `{"name":"${text}","mode":"live"}`);

export const INJECTED_TEXT: readonly Attack[] = [
  named("a name with an escape sequence is refused", TERMINAL, "\\u001b[2Jgone"),
  named("a name with an 8-bit escape sequence is refused", TERMINAL, "\\u009b2Jgone"),
  named("a name that sets the terminal's title is refused", TERMINAL, "\\u001b]0;title\\u0007"),
  named("a name with a backspace is refused", TERMINAL, "good\\b\\b\\b\\bevil"),
  named("a name with a line end is refused", LOG, "a\\r\\nevent: revoked"),
  named("a name with a line separator is refused", LOG, "a\\u2028event: revoked"),
  named("a name with NUL is refused", LOG, "a\\u0000b"),
  named("a name that is written backwards is refused", BIDI, "\\u202egnp.exe"),
  named("a name with an isolate that is never closed is refused", BIDI, "a\\u2067b"),
  named("a name with half a character is refused", BIDI, "a\\ud800"),
  call(
    "a label with an escape sequence is refused",
    TERMINAL,
    `${ACCOUNT}/keys`,
    key('"labels":{"a":"\\u001b[2J"}'),
  ),
  call("a label written backwards is refused", BIDI, `${ACCOUNT}/keys`, key('"labels":{"a":"\\u202eb"}')),
  call(
    "a label's name with markup is refused",
    "CVE-2022-21702, Grafana",
    `${ACCOUNT}/keys`,
    key('"labels":{"<b>":"x"}'),
  ),
  call("a label named __proto__ is refused", PROTOTYPE, `${ACCOUNT}/keys`, key('"labels":{"__proto__":"x"}')),
  call(
    "a label named constructor is refused",
    PROTOTYPE,
    `${ACCOUNT}/keys`,
    key('"labels":{"constructor":"x"}'),
  ),
  call(
    "a field named __proto__ is refused",
    PROTOTYPE,
    `${ACCOUNT}/keys`,
    key('"__proto__":{"permissions":[]}'),
  ),
  call(
    "a reason with an escape sequence is refused",
    TERMINAL,
    `${ACCOUNT}/keys/{full.id}/revoke`,
    '{"reason":"\\u001b[2J"}',
  ),
  call("a reason with a line end is refused", LOG, `${ACCOUNT}/keys/{full.id}/suspend`, '{"reason":"a\\nb"}'),
  {
    ...call(
      "an actor with an escape sequence is refused",
      TERMINAL,
      `${ACCOUNT}/keys`,
      key('"permissions":[]'),
    ),
    headers: [
      ["Authorization", "Bearer {token}"],
      ["Content-Type", "application/json"],
      ["Octopost-Actor", "\u001b[2Jgone"],
    ],
  },
  {
    name: "a key's text in a search is refused, since it would be in the log of a proxy",
    incident: KEPT_BEARER,
    key: null,
    target: `${ACCOUNT}/keys?q={full}`,
    headers: [["Authorization", "Bearer {token}"]],
    outcome: { statuses: [422] },
  },
  named("a name that is a key is refused", KEPT_BEARER, "{full}"),
  named("a name with most of a key in it is refused", KEPT_BEARER, "the key {full}, as text"),
  call("a label that is a key is refused", KEPT_BEARER, `${ACCOUNT}/keys`, key('"labels":{"key":"{full}"}')),
  call(
    "a reason with a key in it is refused",
    KEPT_BEARER,
    `${ACCOUNT}/keys/{suspended.id}/suspend`,
    '{"reason":"found {full}"}',
  ),
  call(
    "an account that is named like a key is refused",
    KEPT_BEARER,
    "/control/v1/accounts/{full}/keys",
    key('"permissions":[]'),
  ),
  ...(["Octopost-Actor", "Idempotency-Key"] as const).map((name) => ({
    ...call(`a key as ${name} is refused`, KEPT_BEARER, `${ACCOUNT}/keys`, key('"permissions":[]')),
    headers: [
      ["Authorization", "Bearer {token}"],
      ["Content-Type", "application/json"],
      [name, "{full}"],
    ] as const,
  })),
  ...[
    ["a cursor with SQL in it is refused", "1-key_0000000000000000000000'%20OR%201=1--"],
    ["a cursor of another list is refused", "12345"],
    ["a cursor that is no number is refused", "NaN-key_0000000000000000000000"],
  ].map(
    ([name, cursor]): Attack => ({
      name: name as string,
      incident: "CVE-2023-22794, Rails",
      key: null,
      target: `${ACCOUNT}/keys?cursor=${cursor}`,
      headers: [["Authorization", "Bearer {token}"]],
      outcome: { statuses: [422] },
    }),
  ),
  call(
    "a guessed Idempotency-Key gives another credential no secret",
    "arun0009/idempotent#217",
    `${ACCOUNT}/keys`,
    '{"name":"guessed","mode":"live"}',
    {
      headers: [
        ["Authorization", "Bearer {keys:write}"],
        ["Content-Type", "application/json"],
        ["Idempotency-Key", "guessable"],
      ],
      outcome: { statuses: [409] },
    },
  ),
  call(
    "a guessed Idempotency-Key with another body gives no secret",
    "arun0009/idempotent#217",
    `${ACCOUNT}/keys`,
    '{"name":"other","mode":"live"}',
    {
      headers: [
        ["Authorization", "Bearer {keys:write}"],
        ["Content-Type", "application/json"],
        ["Idempotency-Key", "guessable"],
      ],
      outcome: { statuses: [422] },
    },
  ),
];
