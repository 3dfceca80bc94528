/** Defences of hosts and of the control plane. */
import type { Defence } from "./defence.ts";

const WORKER = "src/worker.ts";
const CONTROL = "src/control/control-api.ts";
const CREDENTIALS = "src/control/credential.ts";

export const CONTROL_DEFENCES: readonly Defence[] = [
  {
    promise: "hosts",
    name: "a Host is a plain host",
    in: WORKER,
    find: "$HOST !== null && !$PLAIN_HOST.test($HOST)",
    replace: "$HOST !== null && $HOST.length > 1e9",
    stops: ["a Host with a path is refused"],
  },
  {
    promise: "hosts",
    name: "the host is compared normalised",
    in: WORKER,
    find: 'new URL($REQUEST.url).hostname.replace($DOTS, "")',
    replace: 'String($REQUEST.headers.get("Host")).replace($DOTS, "")',
    stops: [
      "the API is not served on the control host in capitals",
      "the control host with the default port is the control host",
    ],
  },
  {
    promise: "hosts",
    name: "the host is compared whole",
    in: WORKER,
    find: "new URL($REQUEST.url).host === $HOST",
    replace: "new URL($REQUEST.url).host.startsWith($HOST)",
    stops: [
      "a host with the control host as prefix is not the control host",
      "the control host with a trailing dot is not the control host",
      "the control host with another port is not the control host",
    ],
  },
  {
    promise: "control credentials",
    name: "only CONTROL_TOKEN opens the control plane",
    in: CREDENTIALS,
    find: "if ($IS_CONTROL_TOKEN.includes(true)) return $ALL_RIGHTS;",
    given: "$HEX(await $SHA256($TOKEN))",
    replace: 'if ($IS_CONTROL_TOKEN.includes(true) || $TOKEN.startsWith("oct_live_")) return $ALL_RIGHTS;',
    stops: ["an API key cannot list keys", "an API key cannot create keys"],
  },
  {
    promise: "rights",
    name: "a credential does what its rights say",
    in: CREDENTIALS,
    find: "!$MAY.includes($RIGHT)",
    inside: "if (!$MAY.includes($RIGHT)) return $REFUSED;",
    replace: "$MAY.length === 0",
    stops: [
      "a reader cannot create a key",
      "a reader cannot rotate a key, which would give it a secret",
      "a reader cannot revoke a key",
      "a reader cannot open the key page",
      "who creates keys cannot list them",
      "who creates keys cannot revoke all of them",
      "who only revokes cannot create a key",
      "who only revokes cannot rotate a key",
      "who only revokes cannot read the events",
      "who sets tiers cannot create a key",
      "who sets tiers cannot rebuild KV",
      "who opens key pages cannot create a key directly",
      "who opens key pages cannot set a tier",
      "an operator's probe cannot list keys",
      "an operator's probe cannot create a key",
      "a claimed actor with more rights gives none",
    ],
  },
  {
    promise: "rights",
    name: "a credential reaches its own accounts only",
    in: CREDENTIALS,
    find: "!$ACCOUNTS.includes($ACCOUNT as string)",
    replace: "$ACCOUNTS.length === 0",
    stops: [
      "a credential of one account cannot read another's keys",
      "a credential of one account cannot create a key in another",
      "a credential of one account cannot open another's key page",
    ],
  },
  {
    promise: "control credentials",
    name: "a control-plane body has a size limit",
    in: CONTROL,
    find: "x = { maxSize: $MAX_BYTES }",
    kind: "pair",
    replace: "maxSize: Number.POSITIVE_INFINITY",
    stops: ["a secret of more than a megabyte gets 413"],
  },
  {
    promise: "control credentials",
    name: "a control-plane body is read after the token",
    in: CONTROL,
    find: '$RIGHT === "possession" ? [$LIMIT_BODY] : [$REQUIRE_CREDENTIAL, $LIMIT_BODY]',
    replace: '$RIGHT === "possession" ? [$LIMIT_BODY] : [$LIMIT_BODY, $REQUIRE_CREDENTIAL]',
    stops: ["an oversized control-plane body without the token gets 401, unread"],
  },
];
