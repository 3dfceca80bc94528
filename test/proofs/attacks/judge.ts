/**
 * Judges what came of an attack: status and body, what each origin saw, who was contacted and what was revealed. Pure.
 *
 * Beyond what an attack itself says of its outcome, every one is held to this: nobody is contacted but the one
 * origin, the origin hears the truth about who calls and nothing forged, and no answer tells anything of the inside.
 */
import type { RecordedRequest } from "../../support/recording-origin.ts";
import { headerOf } from "../../support/response-framing.ts";
import { type Attack, FORGED, type Outcome } from "./attack.ts";
import type { Answer, Report, Stage } from "./stage.ts";

const UNAUTHORIZED_BODY = '{"error":"Invalid or expired API key","code":"unauthorized"}';
/** All that a refusal of the gateway's own may have. */
const REFUSAL_HEADERS =
  /^(?:content-type|content-length|cache-control|x-request-id|www-authenticate|allow|retry-after|x-ratelimit-(?:limit|remaining|reset)|ratelimit(?:-policy)?|connection|transfer-encoding|date)$/i;
/** What tells of the code behind: a stack, a file, a message of an exception. */
const OF_THE_INSIDE = /\n\s+at |worker\.js|\.ts\b|TypeError|RangeError|Error:/;

/** Everything that is wrong, in words; empty when the attack got nowhere. */
export function faultsIn(attack: Attack, report: Report, stage: Stage): string[] {
  const { outcome } = attack;
  const faults = [
    ...differs(
      "statuses",
      report.answers.map(({ status }) => status),
      outcome.statuses,
    ),
    ...differs("the live origin got", report.live.map(lineOf), filled(outcome.live, stage)),
    ...differs("the sandbox origin got", report.sandbox.map(lineOf), filled(outcome.sandbox, stage)),
    ...differs("contacts elsewhere", report.contacts, 0),
    ...report.live.flatMap((request) => untruths(attack, request, "live", stage)),
    ...report.sandbox.flatMap((request) => untruths(attack, request, "sandbox", stage)),
    ...report.answers.flatMap((answer) => revelations(answer, stage)),
  ];
  const [request = undefined] = [...report.live, ...report.sandbox];
  const last = report.answers.at(-1);
  faults.push(...headerFaults("the origin saw", outcome.seen, request?.rawHeaders ?? [], stage));
  faults.push(...headerFaults("the answer has", outcome.answered, last?.headers ?? [], stage));
  if (outcome.code !== undefined) faults.push(...refusalFaults(last, outcome.code));
  return faults;
}

function lineOf({ method, target }: RecordedRequest): string {
  return `${method} ${target}`;
}

function filled(lines: readonly string[] = [], stage: Stage): string[] {
  return lines.map((line) => stage.fill(line));
}

function differs(what: string, got: unknown, expected: unknown): string[] {
  const [is, shall] = [JSON.stringify(got), JSON.stringify(expected)];
  return is === shall ? [] : [`${what}: ${is}, not ${shall}`];
}

function headerFaults(
  what: string,
  expected: Outcome["seen"] = {},
  headers: RecordedRequest["rawHeaders"],
  stage: Stage,
): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const got = headers.filter(([other]) => other.toLowerCase() === name.toLowerCase());
    return differs(
      `${what} ${name}`,
      got.map(([, one]) => one),
      value === null ? [] : [stage.fill(value)],
    );
  });
}

/** What the origin was told of the caller, held against whose key it was. */
function untruths(
  { key = "full" }: Attack,
  { rawHeaders }: RecordedRequest,
  mode: "live" | "sandbox",
  stage: Stage,
): string[] {
  if (key === null) return ["a request without a key was forwarded"];
  const { id, account, permissions } = stage.keyOf(key);
  const truth = {
    "X-Octopost-Account": account,
    "X-Octopost-Key-Id": id,
    "X-Octopost-Mode": mode === "live" ? "live" : "test",
    "X-Octopost-Permissions": permissions.length === 0 ? "all" : permissions.join(" "),
    Host: stage.names.get(mode) ?? "",
  };
  const faults = headerFaults("the origin was told", truth, rawHeaders, stage);
  for (const [name, value] of rawHeaders) {
    if (value.toLowerCase().includes(FORGED)) faults.push(`forged: ${name}`);
    if (value.includes(stage.keyOf(key).secret)) faults.push(`the origin has the key, in ${name}`);
  }
  const assertion = headerOf(rawHeaders, "X-Octopost-Assertion") ?? "";
  if (assertion.split(".").length !== 3) faults.push("no assertion");
  return faults;
}

/** What an answer must not tell: hosts behind the gateway, secrets, ids, code. */
function revelations({ headers, body }: Answer, stage: Stage): string[] {
  const said = `${headers.flat().join("\n")}\n${body}`;
  const secrets = stage.keys.flatMap(({ id, secret }) => [id, secret]);
  const { KEY_PEPPER, CONTROL_TOKEN } = stage.cluster.settings;
  const hosts = ["live", "sandbox"].map((name) => stage.names.get(name));
  const told = [...secrets, ...hosts, KEY_PEPPER, CONTROL_TOKEN].filter((text) =>
    said.includes(String(text)),
  );
  if (OF_THE_INSIDE.test(said)) told.push("something of the code");
  return told.map((text) => `the answer reveals ${text}`);
}

function refusalFaults(answer: Answer | undefined, code: string): string[] {
  if (!answer) return ["no answer"];
  const { status, headers, body } = answer;
  if (!body.startsWith("{")) return [`no body of the gateway's: ${JSON.stringify(body)}`];
  const { error, details, ...rest } = JSON.parse(body);
  const faults = differs("the body beside its text", rest, { code });
  if (typeof error !== "string") faults.push("no text");
  if (details !== undefined && status !== 429) faults.push("details");
  if (status === 401) faults.push(...differs("the body", body, UNAUTHORIZED_BODY));
  for (const [name] of headers) if (!REFUSAL_HEADERS.test(name)) faults.push(`the refusal has ${name}`);
  return faults;
}
