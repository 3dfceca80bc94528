/**
 * Compares what an attack did with its expected outcome: status and body, what each origin received. Pure.
 *
 * Three rules apply to every attack: no host but the two origins is contacted, the origin receives the true identity of
 * the key and nothing forged, and no response reveals internals.
 */
import type { RecordedRequest } from "../../support/recording-origin.ts";
import { headerOf } from "../../support/response-framing.ts";
import { type Attack, FORGED, type Outcome } from "./attack.ts";
import type { ResponseRecord } from "./attack-responses.ts";
import type { AttackRunner, Report } from "./attack-runner.ts";
import { deliveryViolations } from "./delivery-checker.ts";

const UNAUTHORIZED_BODY = '{"error":"Invalid or expired API key","code":"unauthorized"}';
const INVALID_TOKEN = 'Bearer realm="octopost", error="invalid_token"';
/** The only challenges of a 401: none of them repeats anything from the request. */
const CHALLENGES = [
  'Bearer realm="octopost", error_description="Send your key in the header Authorization: Bearer <key>"',
  INVALID_TOKEN,
  `${INVALID_TOKEN}, error_description="Use the Bearer scheme: Authorization: Bearer <key>"`,
  `${INVALID_TOKEN}, error_description="This endpoint needs a live key"`,
];
/** The only details of a refusal, by status: none of them repeats anything from the request. */
const DETAILS: Readonly<Record<number, RegExp>> = {
  400: /^\{"(?:path":"must (?:not be percent-encoded|not have an empty segment|not end with a slash|name a resource after \/v1\/|have segments of [\w ,-]+)|host":"must be a host name or an address, and a port)"\}$/,
  403: /^\{"required_(?:permission":"(?:posts|accounts|presets|webhooks):(?:read|write)|right":"(?:keys:(?:read|write|revoke)|accounts:write|portal|operate))"\}$/,
  429: /^\{"limit":/,
};
/** The only headers that a refusal may have. */
const REFUSAL_HEADERS =
  /^(?:content-type|content-length|cache-control|x-request-id|www-authenticate|allow|retry-after|x-ratelimit-(?:limit|remaining|reset)|ratelimit(?:-policy)?|connection|transfer-encoding|date)$/i;
/** Traces of the code: a stack, a file name, an exception's message. */
const INTERNALS = /\n\s+at |worker\.js|\.ts\b|TypeError|RangeError|Error:/;

/** Any, also one that the runner does not know. */
const KEY = /oct_(?:live|test)_[0-9A-Za-z]{46}/;

/** Every violation, as text; empty when the attack failed. */
export function violationsOf(attack: Attack, report: Report, runner: AttackRunner): string[] {
  const { outcome } = attack;
  const violations = [
    ...difference(
      "statuses",
      report.responses.map(({ status }) => status),
      outcome.statuses,
    ),
    ...difference("the live origin received", report.live.map(lineOf), substituted(outcome.live, runner)),
    ...difference(
      "the sandbox origin received",
      report.sandbox.map(lineOf),
      substituted(outcome.sandbox, runner),
    ),
    ...difference("decoy connections", report.decoyConnections, 0),
    ...difference("calls to the stores", report.storeCalls, outcome.storeCalls),
    ...(report.deliveries ? deliveryViolations(attack, report.deliveries, runner) : []),
    ...report.live.flatMap((request) => identityViolations(attack, request, "live", runner)),
    ...report.sandbox.flatMap((request) => identityViolations(attack, request, "sandbox", runner)),
    ...report.responses.flatMap((response) => revealedInternals(response, runner)),
  ];
  const [request = undefined] = [...report.live, ...report.sandbox];
  const last = report.responses.at(-1);
  violations.push(
    ...headerViolations("the origin received", outcome.forwardedHeaders, request?.rawHeaders ?? [], runner),
  );
  violations.push(
    ...headerViolations("the response has", outcome.responseHeaders, last?.headers ?? [], runner),
  );
  if (outcome.code !== undefined) violations.push(...refusalViolations(last, outcome.code));
  return violations;
}

function lineOf({ method, target }: RecordedRequest): string {
  return `${method} ${target}`;
}

function substituted(lines: readonly string[] = [], runner: AttackRunner): string[] {
  return lines.map((line) => runner.substitute(line));
}

function difference(what: string, got: unknown, expected: unknown): string[] {
  const [is, wanted] = [JSON.stringify(got), JSON.stringify(expected)];
  return is === wanted ? [] : [`${what}: ${is}, not ${wanted}`];
}

function headerViolations(
  what: string,
  expected: Outcome["forwardedHeaders"] = {},
  headers: RecordedRequest["rawHeaders"],
  runner: AttackRunner,
): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const got = headers.filter(([other]) => other.toLowerCase() === name.toLowerCase());
    return difference(
      `${what} ${name}`,
      got.map(([, one]) => one),
      value === null ? [] : [runner.substitute(value)],
    );
  });
}

/** Compares the identity that the origin received with that of the key. */
function identityViolations(
  { key = "full" }: Attack,
  { rawHeaders }: RecordedRequest,
  mode: "live" | "sandbox",
  runner: AttackRunner,
): string[] {
  if (key === null) return ["a request without a key was forwarded"];
  const { id, account, permissions } = runner.keyOf(key);
  const truth = {
    "X-Octopost-Account": account,
    "X-Octopost-Key-Id": id,
    "X-Octopost-Mode": mode === "live" ? "live" : "test",
    "X-Octopost-Permissions": permissions.length === 0 ? "all" : permissions.join(" "),
    Host: runner.names.get(mode) ?? "",
  };
  const violations = headerViolations("the origin received", truth, rawHeaders, runner);
  for (const [name, value] of rawHeaders) {
    if (value.toLowerCase().includes(FORGED)) violations.push(`forged: ${name}`);
    if (value.includes(runner.keyOf(key).secret)) violations.push(`the origin received the key, in ${name}`);
  }
  const assertion = headerOf(rawHeaders, "X-Octopost-Assertion") ?? "";
  if (assertion.split(".").length !== 3) violations.push("no assertion");
  return violations;
}

/** Internals that a response must not reveal: origin hosts, secrets, ids, code. */
function revealedInternals({ headers, body }: ResponseRecord, runner: AttackRunner): string[] {
  const text = `${headers.flat().join("\n")}\n${body}`;
  const secrets = runner.keys.flatMap(({ id, secret }) => [id, secret]);
  const { KEY_PEPPER, CONTROL_TOKEN } = runner.cluster.settings;
  const hosts = ["live", "sandbox"].map((name) => runner.names.get(name));
  const found = [...secrets, ...hosts, KEY_PEPPER, CONTROL_TOKEN].filter((secret) =>
    text.includes(String(secret)),
  );
  if (INTERNALS.test(text)) found.push("a trace of the code");
  if (KEY.test(text)) found.push("a key");
  return found.map((text) => `the response reveals ${text}`);
}

function refusalViolations(response: ResponseRecord | undefined, code: string): string[] {
  if (!response) return ["no response"];
  const { status, headers, body } = response;
  if (!body.startsWith("{")) return [`not a refusal of the gateway: ${JSON.stringify(body)}`];
  const { error, details, ...rest } = JSON.parse(body);
  const violations = difference("the body without its error text", rest, { code });
  if (typeof error !== "string") violations.push("no error text");
  if (details !== undefined && !DETAILS[status]?.test(JSON.stringify(details))) {
    violations.push(`unexpected details: ${JSON.stringify(details)}`);
  }
  if (status === 401) {
    violations.push(...difference("the body", body, UNAUTHORIZED_BODY));
    const challenge = headerOf(headers, "WWW-Authenticate") ?? "";
    if (!CHALLENGES.includes(challenge)) violations.push(`unexpected challenge: ${challenge}`);
  }
  for (const [name] of headers) if (!REFUSAL_HEADERS.test(name)) violations.push(`the refusal has ${name}`);
  return violations;
}
