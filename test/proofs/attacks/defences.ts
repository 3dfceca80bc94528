/**
 * The lines of defence, each with the edit that takes it out and attacks that then get through: for prove.ts.
 *
 * An attack that several lines stop is named under none of them. Where an edit is a mistake that another gateway
 * has made, it makes that very mistake.
 */
import type { Edit } from "../simulator/mutant.ts";

export interface Defence extends Edit {
  readonly defence: string;
  /** Names of attacks. */
  readonly red: readonly string[];
}

const WORKER = "src/worker.ts";
const ACCEPT = "src/gateway/accept-request.ts";
const AUTHENTICATE = "src/gateway/authenticate-key.ts";
const AUTHORIZE = "src/gateway/authorize-route.ts";
const GATEWAY = "src/gateway/gateway.ts";
const FORWARD = "src/gateway/forward-to-origin.ts";
const REQUEST = "src/gateway/origin-request.ts";
const RESPONSE = "src/gateway/client-response.ts";
const CONTROL = "src/control/control-api.ts";

const CREDENTIAL = 'const authorization = request.headers.get("Authorization");';
const LIMIT = "await enforceLimit(key.lease, report, lifetime, watch);";
const WITHOUT_LIMIT = '{ outcome: "admitted", allowance: null, runningLow: false, refund() {} } as never';

export const DEFENCES: readonly Defence[] = [
  {
    defence: "a path is segments of plain characters",
    file: ACCEPT,
    find: "if (!PLAIN_PATH.test(path))",
    replace: "if (path.length > 1e9)",
    red: [
      "..%2faccounts is no id",
      "..%252faccounts is no id",
      "a slash that is encoded twice hides no segment",
      "an encoded backslash hides no segment",
      "an encoded line end in the path is no path",
      "an encoded NUL in the path is no path",
      "/v1/posts/x.css is nothing that is served",
      "an id of 129 characters is none",
    ],
  },
  {
    defence: "the path is judged as it came, not decoded",
    file: ACCEPT,
    find: "const path = parsedPath(url);",
    replace: "const path = decodeURIComponent(parsedPath(url));",
    red: ["an encoded letter is not the letter"],
  },
  {
    defence: "slashes are not merged",
    file: ACCEPT,
    find: "const path = parsedPath(url);",
    replace: 'const path = parsedPath(url).replace(/\\/+/g, "/");',
    red: [
      "doubled slashes are another path than single ones",
      "dots that leave doubled slashes are not merged",
    ],
  },
  {
    defence: "a GET with a body is refused",
    file: ACCEPT,
    find: "if (hasForbiddenBody(request))",
    replace: "if (!request.headers && hasForbiddenBody(request))",
    red: [
      "a GET with a body is refused, not sent without it",
      "a GET with a length, whose body a server would take for the next request, is refused",
    ],
  },
  {
    defence: "a credential is one Bearer token to its end",
    file: "src/http/bearer-token.ts",
    find: "/^bearer +([^ ]+)$/i",
    replace: "/bearer +([^ ,]+)/i",
    red: [
      "a strong key before a weak one is neither",
      "two keys in one list are no credential",
      "Basic before Bearer is no credential",
    ],
  },
  {
    defence: "no scheme but Bearer is a credential",
    file: "src/http/bearer-token.ts",
    find: "/^bearer +([^ ]+)$/i",
    replace: "/^\\S+ +([^ ]+)$/i",
    red: [
      "a key behind Basic is no credential",
      "a key behind a scheme that begins as Bearer is no credential",
    ],
  },
  {
    defence: "no key is taken from the query",
    file: AUTHENTICATE,
    find: CREDENTIAL,
    replace: `const inQuery = new URL(request.url).searchParams.get("access_token");
  const authorization = request.headers.get("Authorization") ?? (inQuery && \`Bearer \${inQuery}\`);`,
    red: ["a key as access_token in the query is none"],
  },
  {
    defence: "no key is taken from another header",
    file: AUTHENTICATE,
    find: CREDENTIAL,
    replace: `const other = request.headers.get("X-Api-Key");
  const authorization = request.headers.get("Authorization") ?? (other && \`Bearer \${other}\`);`,
    red: ["a key in X-Api-Key is none"],
  },
  {
    defence: "the method is the one on the request line",
    file: GATEWAY,
    find: "findRow(request.method, accepted.path)",
    replace: 'findRow(request.headers.get("X-HTTP-Method-Override") ?? request.method, accepted.path)',
    red: [
      "X-HTTP-Method-Override makes no GET of a POST",
      "an override makes no DELETE of a test key's POST",
    ],
  },
  {
    defence: "HEAD needs a permission",
    file: GATEWAY,
    find: "if (refusal) return refusal;",
    replace: 'if (refusal && request.method !== "HEAD") return refusal;',
    red: ["HEAD needs what GET needs", "HEAD is no way around a method that has no GET"],
  },
  {
    defence: "paths are compared to the letter",
    file: GATEWAY,
    find: "findRow(request.method, accepted.path)",
    replace: "findRow(request.method, accepted.path.toLowerCase())",
    red: ["another case is another path"],
  },
  {
    defence: "a row's permission is asked for",
    file: AUTHORIZE,
    find: "!key.permissions.includes(row.permission)",
    replace: "!key.permissions",
    red: [
      "dots from posts to accounts are judged as accounts",
      "encoded dots from posts to accounts are judged as accounts",
      "backslashes from posts to accounts are judged as accounts",
      "a query that looks like a readable path lends it to no other",
      "identity headers add no permission to a key",
      "absolute form needs the permission for its path",
      "a path of a thousand dots is where they lead",
      "_method in a body needs the permission of the POST that carries it",
    ],
  },
  {
    defence: "a row says for which keys it is",
    file: AUTHORIZE,
    find: "hasSandbox && row.modes.includes(key.mode satisfies Mode)",
    replace: "hasSandbox",
    red: [
      "a test key disconnects no real account",
      "a test key disconnects no real account by dots either",
      "a test key before a live one on one connection leaves no trace",
    ],
  },
  {
    defence: "the stored mode alone chooses the origin",
    file: FORWARD,
    find: 'key.record.mode === "live" ?',
    replace: 'key.record.mode === "live" || request.headers.get("X-Octopost-Mode") === "live" ?',
    red: ["X-Octopost-Mode: live makes no live key"],
  },
  {
    defence: "redirects are the client's to follow",
    file: FORWARD,
    find: 'redirect: "manual"',
    replace: 'redirect: "follow"',
    red: [
      "a redirect to another host is the client's to follow, not the gateway's",
      "a redirect of the sandbox to another origin is not followed",
    ],
  },
  {
    defence: "the origin's request headers are an allow-list",
    file: REQUEST,
    find: "FORWARDED_REQUEST_HEADERS.has(name) || alsoForwarded.includes(name)",
    replace:
      'FORWARDED_REQUEST_HEADERS.has(name) || alsoForwarded.includes(name) || name !== "authorization"',
    red: [
      "X_Octopost_Account: forged does not reach the origin",
      "X.Octopost.Permissions: forged does not reach the origin",
      "X-Octopost-Admin: forged does not reach the origin",
      "X-Real-IP: 127.0.0.1 does not reach the origin",
      "X-Original-URL: /v1/accounts does not reach the origin",
      "X-HTTP-Method-Override makes no DELETE of a GET",
      "cookies beside a good key do not reach the origin",
      "a second key in another header does not reach the origin",
      "a thousand cookies reach the origin as none",
      "an answer to a page of https://evil.example allows it nothing",
    ],
  },
  {
    defence: "nothing asks the origin for another protocol",
    file: REQUEST,
    find: '  "tracestate",\n]);',
    replace: '  "tracestate",\n  "upgrade",\n]);',
    red: ["a WebSocket that Connection does not name is an ordinary request"],
  },
  {
    defence: "no expectation is passed on",
    file: REQUEST,
    find: '  "tracestate",\n]);',
    replace: '  "tracestate",\n  "expect",\n]);',
    red: ["100-continue on a GET is not passed on"],
  },
  {
    defence: "what a client names in Connection stays at the gateway",
    file: REQUEST,
    find: "if (isForwarded && !named.has(name))",
    replace: "if (isForwarded)",
    red: ["what a client names in Connection of its own stays at the gateway"],
  },
  {
    defence: "the gateway's own words are added after that",
    file: REQUEST,
    find: "const address = clientAddress(request);",
    replace:
      "for (const name of Object.keys(headers)) if (named.has(name.toLowerCase())) delete headers[name];\n" +
      "  const address = clientAddress(request);",
    red: [
      "Connection: close, X-Octopost-Account takes nothing away from what the gateway says",
      "Connection: close, X-Forwarded-Host takes nothing away from what the gateway says",
      "Connection in two headers takes nothing away either",
    ],
  },
  {
    defence: "the origin's hop-by-hop headers stay there",
    file: RESPONSE,
    find: "if (NOT_PASSED_ON.has(name) || named.has(name)) return;",
    replace: "if (named.has(name)) return;",
    red: ["Proxy-Authenticate of the origin's stays between the gateway and the origin"],
  },
  {
    defence: "what the origin names in Connection stays there",
    file: RESPONSE,
    find: "if (NOT_PASSED_ON.has(name) || named.has(name)) return;",
    replace: "if (NOT_PASSED_ON.has(name)) return;",
    red: ["what an origin names in Connection does not reach the client"],
  },
  {
    defence: "the origin's address is in no Location",
    file: RESPONSE,
    find: "if (headers.location !== undefined) headers.location = publicLocation(headers.location, route);",
    replace: "if (headers.location === undefined) publicLocation('', route);",
    red: ["a redirect to the origin's own address does not tell it"],
  },
  {
    defence: "an answer is private unless the origin says so itself",
    file: RESPONSE,
    find: 'if (!isPrivate(headers["cache-control"] ?? ""))',
    replace: 'if (headers["cache-control"] === "" && !isPrivate(headers["cache-control"]))',
    red: ["public from the origin does not leave", "an Expires alone does not make an answer public"],
  },
  {
    defence: "private for one header is not private",
    file: RESPONSE,
    find: "/^(?:private|no-store)$/i",
    replace: "/private|no-store/i",
    red: ["private for one header alone is not private"],
  },
  {
    defence: "shared caches are told nothing apart",
    file: RESPONSE,
    find: '  "cdn-cache-control",\n  "cloudflare-cdn-cache-control",\n  "surrogate-control",\n',
    replace: "",
    red: [
      "what an origin says to a CDN alone still leaves the answer private",
      "what an origin says to Cloudflare alone still leaves the answer private",
    ],
  },
  {
    defence: "the origin's own limits are not passed on",
    file: RESPONSE,
    find: "  ...RATE_LIMIT_HEADERS,\n",
    replace: "  ...(RATE_LIMIT_HEADERS.length > 99 ? RATE_LIMIT_HEADERS : []),\n",
    red: ["an origin's own limit is not taken for the gateway's"],
  },
  {
    defence: "a Host is a host and no more",
    file: WORKER,
    find: "host !== null && !PLAIN_HOST.test(host)",
    replace: "host !== null && host.length > 1e9",
    red: [
      "a Host with a path in it lends the path to no request",
      "the path to manage keys in a Host is no path",
    ],
  },
  {
    defence: "the host is compared as a host",
    file: WORKER,
    find: "return new URL(c.req.url).host === host;",
    replace: 'return c.req.header("Host") === host;',
    red: [
      "the API is not served on the control host in capitals either",
      "the control host with the scheme's own port is the control host",
    ],
  },
  {
    defence: "the host is compared whole",
    file: WORKER,
    find: "return new URL(c.req.url).host === host;",
    replace: "return new URL(c.req.url).host.startsWith(host);",
    red: [
      "a host that begins as the control host is another",
      "a dot behind the control host makes another host",
    ],
  },
  {
    defence: "only CONTROL_TOKEN manages keys",
    file: "src/control/control-token.ts",
    find: "equal.includes(true) ? null",
    replace: 'equal.includes(true) || token.startsWith("oct_live_") ? null',
    red: ["an API key does not manage keys", "an API key makes no keys"],
  },
  {
    defence: "a body has a limit",
    file: CONTROL,
    find: "maxSize: CONTROL_BODY_MAX_BYTES",
    replace: "maxSize: Number.POSITIVE_INFINITY",
    red: ["a secret of more than a megabyte is not looked up"],
  },
  {
    defence: "a body is read after the token",
    file: CONTROL,
    find: "[requireControlToken, limitBody]",
    replace: "[limitBody, requireControlToken]",
    red: ["a body to manage keys beyond its limit is not read by whoever has no token"],
  },
  {
    defence: "every request takes a permit",
    file: "src/leases/permits.ts",
    find: "for (const window of counted) window.used += 1;",
    replace: "",
    red: ["the fourth request is one too many", "twelve connections at once share the limit"],
  },
  {
    defence: "HEAD takes one too",
    file: GATEWAY,
    find: LIMIT,
    replace: `request.method === "HEAD" ? ${WITHOUT_LIMIT} : ${LIMIT}`,
    red: ["HEAD counts as GET does"],
  },
  {
    defence: "the key is limited, whatever address a request names",
    file: GATEWAY,
    find: LIMIT,
    replace: `request.headers.has("X-Forwarded-For") ? ${WITHOUT_LIMIT} : ${LIMIT}`,
    red: ["another address in X-Forwarded-For is the same caller"],
  },
  {
    defence: "what is refused counts",
    file: GATEWAY,
    find: `const permit = ${LIMIT}`,
    replace: `if (refusal) return refusal;\n    const permit = ${LIMIT}`,
    red: ["what is refused counts, so that guessing paths is limited too", "an unknown path is the same key"],
  },
  {
    defence: "publishing has a limit of its own",
    file: "src/gateway/enforce-limit.ts",
    find: 'report.row?.limit ?? "requests"',
    replace: 'report.row?.route === "never" ? "publish" : "requests"',
    red: ["another post to publish is the same limit", "dots to publish are the same limit"],
  },
];
