/** Defences of what reaches the origin: paths, credentials, permissions, headers. */
import type { Defence } from "./defence.ts";

const ACCEPT = "src/gateway/accept-request.ts";
const AUTHENTICATE = "src/gateway/authenticate-key.ts";
const AUTHORIZE = "src/gateway/authorize-route.ts";
const GATEWAY = "src/gateway/gateway.ts";
const FORWARD = "src/gateway/forward-to-origin.ts";
const REQUEST = "src/gateway/origin-request.ts";

const CREDENTIAL = '$REQUEST.headers.get("Authorization")';
const FIND_ROW = "$FIND_ROW($REQUEST.method, $ACCEPTED.$PATH)";
const DELETE_NAMED = "for (const $NAME of $NAMES_IN($CONNECTION)) delete $FORWARDED[$NAME];";

export const REQUEST_DEFENCES: readonly Defence[] = [
  {
    promise: "paths",
    name: "paths have plain segments only",
    in: ACCEPT,
    find: "if (!$PLAIN_PATH.test($PATH)) return $REFUSED;",
    replace: "if ($PATH.length > 1e9) return $REFUSED;",
    stops: [
      "..%2faccounts is not an id",
      "..%252faccounts is not an id",
      "a double-encoded slash is refused",
      "an encoded backslash is refused",
      "an encoded line end in the path is refused",
      "an encoded NUL in the path is refused",
      "/v1/posts/x.css is not served",
      "an id of 129 characters is refused",
    ],
  },
  {
    promise: "paths",
    name: "the path is judged undecoded",
    in: ACCEPT,
    find: "const $PATH = $PARSED_PATH($URL);",
    given: "if (!$PATH.startsWith($API_PREFIX)) return $OUTSIDE;",
    replace: "const $PATH = decodeURIComponent($PARSED_PATH($URL));",
    stops: ["an encoded letter is refused"],
  },
  {
    promise: "paths",
    name: "slashes are not merged",
    in: ACCEPT,
    find: "const $PATH = $PARSED_PATH($URL);",
    given: "if (!$PATH.startsWith($API_PREFIX)) return $OUTSIDE;",
    replace: 'const $PATH = $PARSED_PATH($URL).replace(/\\/+/g, "/");',
    stops: ["doubled slashes are refused", "doubled slashes left by dot segments are not merged"],
  },
  {
    promise: "paths",
    name: "a GET with a body is refused",
    in: ACCEPT,
    find: "$HAS_FORBIDDEN_BODY($REQUEST)",
    inside: 'if ($HAS_BODY) return { $REASON: "body_on_get" };',
    replace: "!$REQUEST.headers && $HAS_FORBIDDEN_BODY($REQUEST)",
    stops: ["a GET with a body is refused", "a GET whose body is a request is refused"],
  },
  {
    promise: "one Bearer token",
    name: "a credential is exactly one Bearer token",
    in: "src/http/bearer-token.ts",
    find: "/^bearer +([^ ]+)$/i",
    replace: "/bearer +([^ ,]+)/i",
    stops: [
      "a strong key before a weak one is refused",
      "two keys in one list are refused",
      "Basic before Bearer is refused",
    ],
  },
  {
    promise: "one Bearer token",
    name: "Bearer is the only scheme",
    in: "src/http/bearer-token.ts",
    find: "/^bearer +([^ ]+)$/i",
    replace: "/^\\S+ +([^ ]+)$/i",
    stops: ["a key after Basic is refused", "a key after a scheme that starts with Bearer is refused"],
  },
  {
    promise: "one Bearer token",
    name: "no key is read from the query",
    in: AUTHENTICATE,
    find: CREDENTIAL,
    replace: `${CREDENTIAL} ?? "Bearer " + new URL($REQUEST.url).searchParams.get("access_token")`,
    stops: ["a key as access_token in the query is not accepted"],
  },
  {
    promise: "one Bearer token",
    name: "no key is read from another header",
    in: AUTHENTICATE,
    find: CREDENTIAL,
    replace: `${CREDENTIAL} ?? "Bearer " + $REQUEST.headers.get("X-Api-Key")`,
    stops: ["a key in X-Api-Key is not accepted"],
  },
  {
    promise: "permissions",
    name: "the method is that of the request line",
    in: GATEWAY,
    find: FIND_ROW,
    replace: '$FIND_ROW($REQUEST.headers.get("X-HTTP-Method-Override") ?? $REQUEST.method, $ACCEPTED.$PATH)',
    stops: [
      "X-HTTP-Method-Override does not turn a POST into a GET",
      "a method override does not turn a test key's POST into a DELETE",
    ],
  },
  {
    promise: "permissions",
    name: "HEAD needs a permission",
    in: GATEWAY,
    find: "const $JUDGE = ($TERMS: $TYPE) => $VERDICT;",
    given: FIND_ROW,
    replace: 'const $JUDGE = ($TERMS: $TYPE) => ($REQUEST.method === "HEAD" ? null : ($VERDICT));',
    stops: ["HEAD needs the permission of GET", "HEAD is refused where GET is"],
  },
  {
    promise: "permissions",
    name: "paths are case-sensitive",
    in: GATEWAY,
    find: FIND_ROW,
    replace: "$FIND_ROW($REQUEST.method, $ACCEPTED.$PATH.toLowerCase())",
    stops: ["paths are case-sensitive"],
  },
  {
    promise: "permissions",
    name: "a row requires its permission",
    in: AUTHORIZE,
    find: "!$PERMISSIONS.includes($ROW.$PERMISSION)",
    replace: "!$PERMISSIONS",
    stops: [
      "dot segments are judged as the path they lead to",
      "encoded dot segments are judged as the path they lead to",
      "backslashes are judged as slashes",
      "a query that contains a permitted path grants nothing",
      "identity headers add no permission to a key",
      "absolute form needs the permission for its path",
      "a path of a thousand dot segments is judged resolved",
      "_method in a body does not change the permission of its POST",
    ],
  },
  {
    promise: "live and test",
    name: "a row names its modes",
    in: AUTHORIZE,
    find: "$HAS_SANDBOX && $ROW.$MODES.includes($MODE)",
    replace: "$HAS_SANDBOX",
    stops: [
      "a test key cannot disconnect a real account",
      "a test key cannot disconnect a real account by dot segments",
      "an earlier request on the connection does not change the mode",
    ],
  },
  {
    promise: "live and test",
    name: "the stored mode selects the origin",
    in: FORWARD,
    find: '$KEY.$RECORD.$MODE === "live"',
    given: ["$CONTEXT.$IN_FLIGHT = $STARTED;", "$CONTEXT.$REQUEST.signal.aborted"],
    replace: '$KEY.$RECORD.$MODE === "live" || $CONTEXT.$REQUEST.headers.get("X-Octopost-Mode") === "live"',
    stops: ["X-Octopost-Mode: live does not change the mode"],
  },
  {
    promise: "secrets",
    name: "a key in a URL is not forwarded",
    in: GATEWAY,
    find: "$HAS_KEY_IN_URL($REQUEST.url)",
    replace: '$HAS_KEY_IN_URL("")',
    stops: [
      "a key in /v1/posts/{full} beside a valid one is refused and not forwarded",
      "a key in /v1/posts?access_token={full} beside a valid one is refused and not forwarded",
    ],
  },
  {
    promise: "live and test",
    name: "redirects are not followed",
    in: FORWARD,
    find: 'x = { redirect: "manual" }',
    kind: "pair",
    replace: 'redirect: "follow"',
    stops: [
      "a redirect to another host is returned, not followed",
      "a redirect from the sandbox is not followed",
    ],
  },
  {
    promise: "identity",
    name: "request headers are an allow-list",
    in: REQUEST,
    find: "$FORWARDED.has($NAME) || $SETTINGS.$FORWARD_HEADERS.includes($NAME)",
    replace:
      '$FORWARDED.has($NAME) || $SETTINGS.$FORWARD_HEADERS.includes($NAME) || $NAME !== "authorization"',
    stops: [
      "X_Octopost_Account: forged does not reach the origin",
      "X.Octopost.Permissions: forged does not reach the origin",
      "X-Octopost-Admin: forged does not reach the origin",
      "X-Real-IP: 127.0.0.1 does not reach the origin",
      "X-Original-URL: /v1/accounts does not reach the origin",
      "X-HTTP-Method-Override does not turn a GET into a DELETE",
      "cookies do not reach the origin",
      "a second key in another header does not reach the origin",
      "a thousand cookies do not reach the origin",
      "a response to a page of https://evil.example has no CORS headers",
    ],
  },
  {
    promise: "identity",
    name: "Upgrade is not forwarded",
    in: REQUEST,
    find: '"tracestate"',
    replace: '"tracestate", "upgrade"',
    stops: ["a WebSocket upgrade that Connection does not name is an ordinary request"],
  },
  {
    promise: "identity",
    name: "Expect is not forwarded",
    in: REQUEST,
    find: '"tracestate"',
    replace: '"tracestate", "expect"',
    stops: ["100-continue on a GET is not forwarded"],
  },
  {
    promise: "identity",
    name: "headers named in Connection are not forwarded",
    in: REQUEST,
    find: DELETE_NAMED,
    replace: "",
    stops: ["a client's own headers named in Connection are not forwarded"],
  },
  {
    promise: "identity",
    name: "the gateway's headers are set last",
    in: REQUEST,
    find: 'if ($ADDRESS !== $UNKNOWN) $HEADERS["X-Forwarded-For"] = $ADDRESS;',
    given: [DELETE_NAMED, `\`\${$HTTP_VERSION($REQUEST)} \${$VIA_NAME}\``],
    replace: `if ($ADDRESS !== $UNKNOWN) $HEADERS["X-Forwarded-For"] = $ADDRESS;
      for (const removedName of $NAMES_IN($REQUEST.headers.get("Connection")))
        for (const addedName of Object.keys($HEADERS)) if (addedName.toLowerCase() === removedName) delete $HEADERS[addedName];`,
    stops: [
      "Connection: close, X-Octopost-Account removes no header of the gateway",
      "Connection: close, X-Forwarded-Host removes no header of the gateway",
      "Connection in two headers removes no header of the gateway",
    ],
  },
];
