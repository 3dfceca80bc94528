/**
 * Traffic with every credential that is no API key, each in its place and in wrong ones: tokens of the control plane,
 * links and sessions of the key page, forms, GitHub's alerts, and the secret of the messages to the receiver of events.
 *
 * Guarantees that each secret is in `secrets`, and that the texts of new keys and tokens are removed only from the answer
 * that shows them.
 */
import { sha256 } from "../control/credentials.ts";
import { ScanningKeys } from "../control/scanning-keys.ts";
import { hiddenFields, newKeyForm, pathOf, requestPage } from "../portal/key-page.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Header, RawResponse } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { type FoundText, type Secret, secretsOfText } from "./leak-search.ts";
import type { MixedTraffic } from "./mixed-traffic.ts";

const EVENTS_SECRET = `whsec_${Buffer.alloc(32, "signs events").toString("base64")}`;
const EVENTS_PATH = "services-T00-path-of-the-receiver";
const READER = "token-of-a-credential-that-may-read";
const CREDENTIALS = [{ name: "reader", sha256: sha256(READER), may: ["keys:read"], accounts: ["acct"] }];

/** Marks in what the receiver and GitHub say: never in the log. */
export const CREDENTIAL_MARKS = { answerOfReceiver: "mark-receiver-77c1", alert: "mark-alert-3d0e" } as const;

export class CredentialTraffic {
  readonly secrets: Secret[] = [
    ...secretsOfText("EVENTS_SECRET", EVENTS_SECRET),
    ...secretsOfText("EVENTS_SECRET", EVENTS_SECRET.slice("whsec_".length)),
    { what: "EVENTS_URL", text: EVENTS_PATH },
    ...secretsOfText("a token of CONTROL_CREDENTIALS", READER),
    { what: "the SHA-256 of a token of CONTROL_CREDENTIALS", text: sha256(READER) },
  ];
  readonly #receiver: WebhookReceiver;
  readonly #github: ScanningKeys;

  static async start(): Promise<CredentialTraffic> {
    return new CredentialTraffic(await WebhookReceiver.start(EVENTS_SECRET), await ScanningKeys.start());
  }

  private constructor(receiver: WebhookReceiver, github: ScanningKeys) {
    this.#receiver = receiver;
    this.#github = github;
    let answers = 0;
    receiver.respond = (response) =>
      void response
        .writeHead(answers++ % 4 === 0 ? 500 : 200, { "X-Answer": CREDENTIAL_MARKS.answerOfReceiver })
        .end(CREDENTIAL_MARKS.answerOfReceiver);
  }

  get settings() {
    return {
      EVENTS_URL: `${this.#receiver.url}?${EVENTS_PATH}`,
      EVENTS_SECRET,
      CONTROL_CREDENTIALS: JSON.stringify(CREDENTIALS),
      SECRET_SCANNING_KEYS_URL: this.#github.url,
    };
  }

  /** What the receiver of events got. */
  get messages(): FoundText[] {
    return this.#receiver.messages.map(({ id, signature, body }) => ({
      where: "a message",
      text: [id, signature, body].join("\n"),
    }));
  }

  async drive(cluster: GatewayCluster, traffic: MixedTraffic): Promise<void> {
    await this.#useToken(traffic);
    await this.#usePage(cluster, traffic);
    await this.#alert(cluster, traffic);
    const failure = () => cluster.logs.some((line) => line.includes('"delivery_failed"'));
    await eventually("a failure of the receiver in the log", failure);
    await eventually("messages", () => this.messages.length > 10);
  }

  /** Where it may read, where it may not, and where a token does not belong. */
  async #useToken(traffic: MixedTraffic): Promise<void> {
    const token = { token: READER };
    await traffic.control("GET", "/accounts/acct/keys", undefined, token);
    await traffic.control("POST", "/accounts/acct/keys", { name: "a key", mode: "live" }, token);
    await traffic.control("GET", "/accounts/other/keys", undefined, token);
    await traffic.control("GET", `/accounts/acct/keys?token=${READER}`);
    await traffic.control("POST", "/revoke", { secret: READER });
    await traffic.control("POST", "/accounts/acct/keys", `{"token":"${READER}"`);
    await traffic.control("GET", "/accounts/acct/keys", undefined, { token: `${READER}x` });
    await traffic.control("GET", "/accounts/acct/keys", undefined, { token: EVENTS_SECRET });
    await traffic.send(READER);
    await traffic.send(EVENTS_SECRET);
  }

  async #usePage(cluster: GatewayCluster, traffic: MixedTraffic): Promise<void> {
    const page = async (target: string, headers: readonly Header[], form?: Record<string, string>) => {
      const response = await requestPage(cluster, target, headers, form);
      // The page of a link has a form, which is sent to the link.
      const action = `action="${target}"`;
      traffic.record(response, ...this.#shownBy(response), action);
      return response;
    };
    const { json } = await traffic.control("POST", "/accounts/acct/portal-sessions", {});
    const link = pathOf(json.url);
    this.#addToken("a link of the key page", link.slice(link.lastIndexOf("/") + 1));
    const entered = await page(link, [], hiddenFields(await page(link, [])));
    await page(link, []);
    const cookie: Header = ["Cookie", /^[^;]+/.exec(entered.header("Set-Cookie") ?? "")?.[0] ?? ""];
    const form = hiddenFields(await page("/portal/keys/new", [cookie]));
    const created = await page("/portal/keys/new", [cookie], { ...newKeyForm(), ...form });
    const address = created.header("Location") ?? "";
    await page(address, [cookie]);
    await page(address, [cookie]);
    await page("/portal/keys/new", [cookie], { ...newKeyForm(), form_token: "forged" });
    await page("/portal/activity", [cookie]);
    await page("/portal/activity.json", [cookie]);
    await traffic.control("GET", "/accounts/acct/keys", undefined, { token: cookie[1].split("=")[1] ?? "" });
    await page(link.replace(/.$/, ""), []);
    await page("/portal/sign-out", [cookie], form);
    await page("/portal/keys", [cookie]);
  }

  async #alert(cluster: GatewayCluster, traffic: MixedTraffic): Promise<void> {
    const { secret } = await traffic.create("acct", { mode: "test" });
    const url = `https://github.com/a/b/${CREDENTIAL_MARKS.alert}?key=${secret}`;
    const matches = [
      { token: `KEY=${secret}`, url },
      { token: `oct_live_${"0".repeat(46)}`, url },
    ];
    const { body, headers } = this.#github.signed(matches);
    for (const sent of [body, `${body} `]) {
      const options = { token: null, headers: headers.slice(1) };
      const { response } = await cluster.control("POST", "/secret-scanning/github", sent, options);
      // GitHub's format of the answer repeats the tokens.
      traffic.record(response, secret);
    }
  }

  /** The secrets that a page shows because they are new: a key, a session, the token of the session's forms. */
  #shownBy(response: RawResponse): string[] {
    const html = response.body.toString();
    const keys = [...html.matchAll(/oct_(?:live|test)_[0-9A-Za-z]{46}/g)].map(([key]) => key);
    const session = /^[^=]+=([^;]+)/.exec(response.header("Set-Cookie") ?? "")?.[1];
    const token = /name="form_token" value="([^"]+)"/.exec(html)?.[1];
    if (session) this.#addToken("a session of the key page", session);
    if (token) this.#addToken("the token of a session's forms", token);
    return [...keys, ...(session ? [session] : []), ...(token ? [token] : [])];
  }

  #addToken(what: string, text: string): void {
    this.secrets.push(...secretsOfText(what, text));
    const random = text.slice(text.lastIndexOf(".") + 1);
    if (random !== text) this.secrets.push(...secretsOfText(what, random));
  }

  async close(): Promise<void> {
    await Promise.all([this.#receiver.close(), this.#github.close()]);
  }
}
