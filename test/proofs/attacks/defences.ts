/**
 * The defences, each with the edit that removes it and the attacks that then succeed. `defences.proof.ts` removes them.
 *
 * An attack that two defences stop is listed under neither. Where another gateway has made a mistake, the edit makes the
 * same one.
 */
import type { Edit } from "../../support/edit.ts";

export interface Defence extends Edit {
  readonly defence: string;
  /** Names of the attacks that succeed without this defence. */
  readonly stops: readonly string[];
}

const WORKER = "src/worker.ts";
const ACCEPT = "src/gateway/accept-request.ts";
const AUTHENTICATE = "src/gateway/authenticate-key.ts";
const AUTHORIZE = "src/gateway/authorize-route.ts";
const GATEWAY = "src/gateway/gateway.ts";
const FORWARD = "src/gateway/forward-to-origin.ts";
const REQUEST = "src/gateway/origin-request.ts";
const RESPONSE = "src/gateway/client-response.ts";
const POLICY_TABLE = "src/gateway/response-header-policy.ts";
const ORIGIN_RESPONSE = "src/gateway/origin-response.ts";
const CONTROL = "src/control/control-api.ts";

const CREDENTIAL = 'request.headers.get("Authorization")';
const LIMIT = "await enforceLimit(context, lease);";
const WITHOUT_LIMIT = '{ outcome: "admitted", allowance: null, runningLow: false, refund() {} } as never';

export const DEFENCES: readonly Defence[] = [
  {
    defence: "paths have plain segments only",
    file: ACCEPT,
    find: "if (!PLAIN_PATH.test(path))",
    replace: "if (path.length > 1e9)",
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
    defence: "the path is judged undecoded",
    file: ACCEPT,
    find: "const path = parsedPath(url);",
    replace: "const path = decodeURIComponent(parsedPath(url));",
    stops: ["an encoded letter is refused"],
  },
  {
    defence: "slashes are not merged",
    file: ACCEPT,
    find: "const path = parsedPath(url);",
    replace: 'const path = parsedPath(url).replace(/\\/+/g, "/");',
    stops: ["doubled slashes are refused", "doubled slashes left by dot segments are not merged"],
  },
  {
    defence: "a GET with a body is refused",
    file: ACCEPT,
    find: "if (hasForbiddenBody(request))",
    replace: "if (!request.headers && hasForbiddenBody(request))",
    stops: ["a GET with a body is refused", "a GET whose body is a request is refused"],
  },
  {
    defence: "a credential is exactly one Bearer token",
    file: "src/http/bearer-token.ts",
    find: "/^bearer +([^ ]+)$/i",
    replace: "/bearer +([^ ,]+)/i",
    stops: [
      "a strong key before a weak one is refused",
      "two keys in one list are refused",
      "Basic before Bearer is refused",
    ],
  },
  {
    defence: "Bearer is the only scheme",
    file: "src/http/bearer-token.ts",
    find: "/^bearer +([^ ]+)$/i",
    replace: "/^\\S+ +([^ ]+)$/i",
    stops: ["a key after Basic is refused", "a key after a scheme that starts with Bearer is refused"],
  },
  {
    defence: "no key is read from the query",
    file: AUTHENTICATE,
    find: CREDENTIAL,
    replace: `${CREDENTIAL} ?? \`Bearer \${new URL(request.url).searchParams.get("access_token")}\``,
    stops: ["a key as access_token in the query is not accepted"],
  },
  {
    defence: "no key is read from another header",
    file: AUTHENTICATE,
    find: CREDENTIAL,
    replace: `${CREDENTIAL} ?? \`Bearer \${request.headers.get("X-Api-Key")}\``,
    stops: ["a key in X-Api-Key is not accepted"],
  },
  {
    defence: "the method is that of the request line",
    file: GATEWAY,
    find: "findRow(request.method, accepted.path)",
    replace: 'findRow(request.headers.get("X-HTTP-Method-Override") ?? request.method, accepted.path)',
    stops: [
      "X-HTTP-Method-Override does not turn a POST into a GET",
      "a method override does not turn a test key's POST into a DELETE",
    ],
  },
  {
    defence: "HEAD needs a permission",
    file: GATEWAY,
    find: "if (refusal) return refusal;",
    replace: 'if (refusal && request.method !== "HEAD") return refusal;',
    stops: ["HEAD needs the permission of GET", "HEAD is refused where GET is"],
  },
  {
    defence: "paths are case-sensitive",
    file: GATEWAY,
    find: "findRow(request.method, accepted.path)",
    replace: "findRow(request.method, accepted.path.toLowerCase())",
    stops: ["paths are case-sensitive"],
  },
  {
    defence: "a row requires its permission",
    file: AUTHORIZE,
    find: "!permissions.includes(row.permission)",
    replace: "!permissions",
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
    defence: "a row names its modes",
    file: AUTHORIZE,
    find: "hasSandbox && row.modes.includes(mode)",
    replace: "hasSandbox",
    stops: [
      "a test key cannot disconnect a real account",
      "a test key cannot disconnect a real account by dot segments",
      "an earlier request on the connection does not change the mode",
    ],
  },
  {
    defence: "the stored mode selects the origin",
    file: FORWARD,
    find: 'key.record.mode === "live" ?',
    replace: 'key.record.mode === "live" || context.request.headers.get("X-Octopost-Mode") === "live" ?',
    stops: ["X-Octopost-Mode: live does not change the mode"],
  },
  {
    defence: "a key in a URL is not forwarded",
    file: GATEWAY,
    find: "hasKeyInUrl(request.url)",
    replace: 'hasKeyInUrl("")',
    stops: [
      "a key in /v1/posts/{full} beside a valid one is refused and not forwarded",
      "a key in /v1/posts?access_token={full} beside a valid one is refused and not forwarded",
    ],
  },
  {
    defence: "redirects are not followed",
    file: FORWARD,
    find: 'redirect: "manual"',
    replace: 'redirect: "follow"',
    stops: [
      "a redirect to another host is returned, not followed",
      "a redirect from the sandbox is not followed",
    ],
  },
  {
    defence: "request headers are an allow-list",
    file: REQUEST,
    find: "FORWARDED_REQUEST_HEADERS.has(name) || settings.forwardHeaders.includes(name)",
    replace:
      'FORWARDED_REQUEST_HEADERS.has(name) || settings.forwardHeaders.includes(name) || name !== "authorization"',
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
    defence: "Upgrade is not forwarded",
    file: REQUEST,
    find: '  "tracestate",\n]);',
    replace: '  "tracestate",\n  "upgrade",\n]);',
    stops: ["a WebSocket upgrade that Connection does not name is an ordinary request"],
  },
  {
    defence: "Expect is not forwarded",
    file: REQUEST,
    find: '  "tracestate",\n]);',
    replace: '  "tracestate",\n  "expect",\n]);',
    stops: ["100-continue on a GET is not forwarded"],
  },
  {
    defence: "headers named in Connection are not forwarded",
    file: REQUEST,
    find: "for (const name of namesIn(connection)) delete forwarded[name];",
    replace: "",
    stops: ["a client's own headers named in Connection are not forwarded"],
  },
  {
    defence: "the gateway's headers are set last",
    file: REQUEST,
    find: "if (address !== UNKNOWN_ADDRESS) headers",
    replace:
      'for (const name of namesIn(request.headers.get("Connection")))\n' +
      "    for (const own of Object.keys(headers)) if (own.toLowerCase() === name) delete headers[own];\n" +
      "  if (address !== UNKNOWN_ADDRESS) headers",
    stops: [
      "Connection: close, X-Octopost-Account removes no header of the gateway",
      "Connection: close, X-Forwarded-Host removes no header of the gateway",
      "Connection in two headers removes no header of the gateway",
    ],
  },
  {
    defence: "hop-by-hop headers of the origin are not returned",
    file: POLICY_TABLE,
    find: '  ["proxy-authenticate", "drop"],\n',
    replace: "",
    stops: ["an origin's Proxy-Authenticate is not returned"],
  },
  {
    defence: "headers named in the origin's Connection are not returned",
    file: ORIGIN_RESPONSE,
    find: "of namesIn(connection))",
    replace: "of namesIn(null))",
    stops: ["headers that an origin names in Connection are not returned"],
  },
  {
    defence: "Location does not contain the origin's address",
    file: POLICY_TABLE,
    find: '["location", "url"]',
    replace: '["location", "pass"]',
    stops: ["a redirect to the origin's own address is rewritten"],
  },
  {
    defence: "responses are private by default",
    file: RESPONSE,
    find: "if (!isPrivate(origin.cacheControl))",
    replace: 'if (origin.cacheControl === "never" && !isPrivate(origin.cacheControl))',
    stops: [
      "an origin's Cache-Control: public is replaced",
      "an origin's Expires alone does not make a response public",
    ],
  },
  {
    defence: "private for a single header does not count as private",
    file: RESPONSE,
    find: "/^(?:private|no-store)$/i",
    replace: "/private|no-store/i",
    stops: ["private for a single header does not count as private"],
  },
  {
    defence: "CDN cache directives are removed",
    file: POLICY_TABLE,
    find: '  ["cdn-cache-control", "drop"],\n  ["cloudflare-cdn-cache-control", "drop"],\n',
    replace: "",
    stops: [
      "an origin's CDN-Cache-Control is removed",
      "an origin's Cloudflare-CDN-Cache-Control is removed",
    ],
  },
  {
    defence: "the origin's rate-limit headers are not returned",
    file: POLICY_TABLE,
    find: "...RATE_LIMIT_HEADERS.map(",
    replace: "...RATE_LIMIT_HEADERS.slice(99).map(",
    stops: ["an origin's own rate-limit headers are not returned"],
  },
  {
    defence: "a Host is a plain host",
    file: WORKER,
    find: "host !== null && !PLAIN_HOST.test(host)",
    replace: "host !== null && host.length > 1e9",
    stops: ["a Host with a path is refused"],
  },
  {
    defence: "the host is compared normalised",
    file: WORKER,
    find: "return new URL(request.url).hostname.replace(",
    replace: 'return String(request.headers.get("Host")).replace(',
    stops: [
      "the API is not served on the control host in capitals",
      "the control host with the default port is the control host",
    ],
  },
  {
    defence: "the host is compared whole",
    file: WORKER,
    find: "return new URL(c.req.url).host === host;",
    replace: "return new URL(c.req.url).host.startsWith(host);",
    stops: [
      "a host with the control host as prefix is not the control host",
      "the control host with a trailing dot is not the control host",
      "the control host with another port is not the control host",
    ],
  },
  {
    defence: "only CONTROL_TOKEN opens the control plane",
    file: "src/control/credential.ts",
    find: "if (isControlToken.includes(true))",
    replace: 'if (isControlToken.includes(true) || token.startsWith("oct_live_"))',
    stops: ["an API key cannot list keys", "an API key cannot create keys"],
  },
  {
    defence: "a credential does what its rights say",
    file: "src/control/credential.ts",
    find: "if (!may.includes(right))",
    replace: "if (may.length === 0)",
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
    defence: "a credential reaches its own accounts only",
    file: "src/control/credential.ts",
    find: "!accounts.includes(account as string)",
    replace: "accounts.length === 0",
    stops: [
      "a credential of one account cannot read another's keys",
      "a credential of one account cannot create a key in another",
      "a credential of one account cannot open another's key page",
    ],
  },
  {
    defence: "a control-plane body has a size limit",
    file: CONTROL,
    find: "maxSize: CONTROL_BODY_MAX_BYTES",
    replace: "maxSize: Number.POSITIVE_INFINITY",
    stops: ["a secret of more than a megabyte gets 413"],
  },
  {
    defence: "a control-plane body is read after the token",
    file: CONTROL,
    find: "[requireCredential, limitBody]",
    replace: "[limitBody, requireCredential]",
    stops: ["an oversized control-plane body without the token gets 401, unread"],
  },
  {
    defence: "every request takes a permit",
    file: "src/leases/permits.ts",
    find: "for (const window of counted) window.used += 1;",
    replace: "",
    stops: ["the request above the limit gets 429", "twelve concurrent connections share the limit"],
  },
  {
    defence: "HEAD takes a permit too",
    file: GATEWAY,
    find: LIMIT,
    replace: `request.method === "HEAD" ? ${WITHOUT_LIMIT} : ${LIMIT}`,
    stops: ["HEAD counts like GET"],
  },
  {
    defence: "the limit is the key's, whatever the client's address",
    file: GATEWAY,
    find: LIMIT,
    replace: `request.headers.has("X-Forwarded-For") ? ${WITHOUT_LIMIT} : ${LIMIT}`,
    stops: ["another address in X-Forwarded-For counts against the same limit"],
  },
  {
    defence: "refused requests take a permit",
    file: GATEWAY,
    find: `const permit = ${LIMIT}`,
    replace: `if (refusal) return refusal;\n    const permit = ${LIMIT}`,
    stops: [
      "refused requests count, so path guessing is limited",
      "an unknown path counts against the limit",
    ],
  },
  {
    defence: "publishing has a limit of its own",
    file: "src/gateway/enforce-limit.ts",
    find: 'report.row?.limit ?? "requests"',
    replace: 'report.row?.route === "never" ? "publish" : "requests"',
    stops: [
      "publishing another post counts against the same limit",
      "dot segments to publish count against the same limit",
    ],
  },
];
