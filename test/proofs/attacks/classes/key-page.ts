/**
 * A link, a cookie or a form of the key page in the wrong hands.
 *
 * `{page.cookie}` is the session of a user, `{page.token}` the token of its forms; `{page.used}` and `{page.link}` are the
 * paths of a used and an unused link. Each form would create a key.
 */
import type { Header } from "../../../support/raw-http.ts";
import { type Attack, harmless, UNAUTHORIZED } from "../attack.ts";

const SCANNER = "emdash-cms/emdash#3298";
const FIXATION = "CVE-2023-29019, @fastify/passport";
const CSRF = "GHSA-24fg-p96v-hxh8, Rails";
const CONTENT_TYPE = "CVE-2024-43787, Hono";
const NO_CONTENT_TYPE = "GHSA-2234-fmw7-43wr, Hono";
const PARAMETERS = "GHSA-vm6g-8r4h-22x8, Qwik City";

const HOST = "127.0.0.1";
const ORIGIN = `http://${HOST}`;
const FORM = "application/x-www-form-urlencoded";
const FIELDS =
  "form_id=8d8ac610-566d-4ef0-9c22-186b2a5ed793&form_made_at={now}&name=Forged&mode=live&access=full&expires=30&expires_on=";
const WITH_TOKEN = `${FIELDS}&form_token={page.token}`;

const cookie: Header = ["Cookie", "{page.cookie}"];

interface Form {
  readonly origin?: string | null;
  readonly type?: string | null;
  readonly body?: string;
  readonly headers?: readonly Header[];
  readonly statuses?: readonly number[];
  readonly target?: string;
}

const form = (name: string, incident: string, sent: Form): Attack => {
  const { origin = ORIGIN, type = FORM, body = WITH_TOKEN, headers = [], statuses = [403] } = sent;
  return {
    name,
    incident,
    key: null,
    method: "POST",
    host: HOST,
    target: sent.target ?? "/portal/keys/new",
    headers: [
      cookie,
      ...(origin === null ? [] : ([["Origin", origin]] as const)),
      ...(type === null ? [] : ([["Content-Type", type]] as const)),
      ...headers,
    ],
    body,
    outcome: { statuses },
  };
};

const open = (
  name: string,
  incident: string,
  target: string,
  statuses: readonly number[],
  more: Partial<Attack> = {},
): Attack => ({ name, incident, key: null, host: HOST, target, outcome: { statuses }, ...more });

export const KEY_PAGE_ATTACKS: readonly Attack[] = [
  form("the user's own form, from which the forged ones differ in one thing, creates a key", CSRF, {
    statuses: [303],
  }),
  form("a form without the token creates no key", CSRF, { body: FIELDS }),
  form("a form with an empty token creates no key", CSRF, { body: `${FIELDS}&form_token=` }),
  form("a form with the token of another session creates no key", CSRF, {
    body: `${FIELDS}&form_token={page.otherToken}`,
  }),
  form("the session's own text is no form token", CSRF, { body: `${FIELDS}&form_token={page.session}` }),
  form("a form whose token is in the query creates no key", CSRF, {
    body: FIELDS,
    target: "/portal/keys/new?form_token={page.token}",
  }),
  form("a form whose token is in a header creates no key", CSRF, {
    body: FIELDS,
    headers: [
      ["X-CSRF-Token", "{page.token}"],
      ["form_token", "{page.token}"],
    ],
  }),
  form("a form of another site creates no key", CSRF, { origin: "https://evil.example" }),
  form("a form of an opaque origin creates no key", CSRF, { origin: "null" }),
  form("a form of a host that begins the same creates no key", CSRF, { origin: `${ORIGIN}.evil.example` }),
  form("a form of another port creates no key", CSRF, { origin: `${ORIGIN}:8080` }),
  form("a form of the same host over HTTPS creates no key", CSRF, { origin: `https://${HOST}` }),
  form("two origins, one of them right, create no key", CSRF, {
    origin: "https://evil.example",
    headers: [["Origin", ORIGIN]],
  }),
  form("a form as plain text creates no key", CONTENT_TYPE, { type: "text/plain" }),
  form("a form with a type in capitals that is no form creates no key", CONTENT_TYPE, { type: "TEXT/PLAIN" }),
  form("a form without a content type creates no key", NO_CONTENT_TYPE, { type: null }),
  form("a form as JSON creates no key", CONTENT_TYPE, {
    type: "application/json",
    body: '{"name":"Forged","form_token":"{page.token}"}',
  }),
  form("a type that only begins like a form's creates no key", PARAMETERS, { type: `${FORM}x` }),
  form("a form's type as a parameter of another creates no key", PARAMETERS, { type: `text/plain; ${FORM}` }),
  open("a method override does not submit a form", CSRF, `/portal/keys/new?${WITH_TOKEN}`, [200], {
    headers: [cookie, ["X-HTTP-Method-Override", "POST"]],
  }),
  open("another method does not submit a form", CSRF, "/portal/keys/new", [400], {
    method: "PUT",
    headers: [cookie, ["Origin", ORIGIN], ["Content-Type", FORM]],
    body: WITH_TOKEN,
  }),
  open("a link to sign out signs nobody out", CSRF, "/portal/sign-out", [404], { headers: [cookie] }),
  open("HEAD does not open a link", SCANNER, "{page.link}", [400], { method: "HEAD" }),
  open("a mail scanner's GET does not use a link", SCANNER, "{page.link}", [200]),
  open("a used link opens nothing", "datalab-org/datalab#2108", "{page.used}", [410]),
  open(
    "a link with another account's name opens nothing",
    "CVE-2022-21713, Grafana",
    "{page.renamed}",
    [410],
    {
      outcome: { statuses: [410], storeCalls: 0 },
    },
  ),
  open("a made-up link costs no ledger call", "CVE-2022-21713, Grafana", "{page.madeUp}", [410], {
    outcome: { statuses: [410], storeCalls: 0 },
  }),
  open("a cookie of the visitor's choice is no session", FIXATION, "/portal/keys", [403], {
    headers: [["Cookie", "octopost_key_page=fixed"]],
    outcome: { statuses: [403], storeCalls: 0 },
  }),
  open("the text of a link is no session", FIXATION, "/portal/keys", [403], {
    headers: [["Cookie", "octopost_key_page={page.linkToken}"]],
    outcome: { statuses: [403], storeCalls: 0 },
  }),
  open(
    "a session in the query is no session",
    FIXATION,
    "/portal/keys?octopost_key_page={page.session}",
    [403],
  ),
  open("a session in Authorization opens no page", FIXATION, "/portal/keys", [403], {
    headers: [["Authorization", "Bearer {page.session}"]],
  }),
  {
    name: "a session of the key page is no credential of the control plane",
    incident: FIXATION,
    key: null,
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Authorization", "Bearer {page.session}"], cookie],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a session of the key page is no API key",
    incident: FIXATION,
    key: null,
    headers: [["Authorization", "Bearer {page.session}"], cookie],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a session's cookie beside a key does not reach the origin",
    incident: FIXATION,
    key: "posts",
    headers: [cookie],
    outcome: harmless("GET /v1/posts", { Cookie: null }),
  },
];
