/**
 * A person on the key page during a soak, over raw HTTP: opens the link, creates a key, sees it once, and signs out; from
 * then on the cookie opens nothing, on any gateway. A visit that meets an outage is given up.
 */
import { type Header, type RawResponse, rawRequest } from "../../support/raw-http.ts";
import { acknowledged } from "./control-calls.ts";
import type { SoakAccount, SoakContext } from "./soak-context.ts";

interface ShownKey {
  readonly id: string;
  readonly secret: string;
  readonly mode: "live" | "test";
}

/** The key that was created; null: an outage came between. */
export async function visitKeyPage(context: SoakContext, account: SoakAccount): Promise<ShownKey | null> {
  const { json, actor } = await acknowledged(context, "POST", `/accounts/${account.name}/portal-sessions`);
  context.events.add(account.name, "portal_link_created", null, actor);
  try {
    return await new Visit(context, account.name).run(new URL(json.url).pathname);
  } catch (error) {
    if (error instanceof Outage) return null;
    throw error;
  }
}

class Outage extends Error {}

class Visit {
  readonly #context: SoakContext;
  readonly #account: string;
  #cookie: Header[] = [];

  constructor(context: SoakContext, account: string) {
    this.#context = context;
    this.#account = account;
  }

  async run(entry: string): Promise<ShownKey> {
    const button = await this.#load(entry, [200]);
    const entered = await this.#submit(entry, fieldsOf(button), [303]);
    this.#cookie = [["Cookie", /^[^;]+/.exec(entered.header("Set-Cookie") ?? "")?.[0] ?? ""]];
    const form = fieldsOf(await this.#load("/portal/keys/new", [200]));
    const mode = this.#context.random.pick(["live", "test"] as const);
    const choices = { name: "from the page", mode, access: "full", expires: "30", expires_on: "" };
    const created = await this.#submit("/portal/keys/new", { ...form, ...choices }, [303]);
    const showOnce = created.header("Location") ?? "";
    const shown = (await this.#load(showOnce, [200])).body.toString();
    const secret = /oct_(?:live|test)_[0-9A-Za-z]{46}/.exec(shown)?.[0];
    const again = (await this.#load(showOnce, [200])).body.toString();
    if (secret === undefined) throw new Outage("the answer with the secret was lost");
    if (again.includes(secret)) this.#violation("a secret was shown twice");
    await this.#submit("/portal/sign-out", { form_token: form.form_token ?? "" }, [200]);
    await this.#load("/portal/keys", [401, 403]);
    return { id: await this.#idOf(secret), secret, mode };
  }

  async #idOf(secret: string): Promise<string> {
    const { cluster } = this.#context;
    const { status, json } = await cluster
      .control("POST", "/identify", { secret }, { token: null })
      .catch(() => ({ status: 0, json: null }));
    if (status !== 200) throw new Outage("the key was not identified");
    return json.id;
  }

  #load(target: string, expected: readonly number[]): Promise<RawResponse> {
    return this.#request({ method: "GET", target, headers: this.#cookie }, expected);
  }

  #submit(
    target: string,
    form: Readonly<Record<string, string>>,
    expected: readonly number[],
  ): Promise<RawResponse> {
    const type = ["Content-Type", "application/x-www-form-urlencoded"] as const;
    const body = Buffer.from(new URLSearchParams(form).toString());
    return this.#request({ method: "POST", target, headers: [...this.#cookie, type], body }, expected);
  }

  async #request(
    request: Parameters<typeof rawRequest>[1],
    expected: readonly number[],
  ): Promise<RawResponse> {
    const { cluster, random, results } = this.#context;
    const startedAt = performance.now();
    const gateway = cluster.gateway(random.whole(0, cluster.gateways.length - 1));
    const response = await rawRequest(gateway, request).catch(() => null);
    const status = response?.status ?? 0;
    results.judge({
      what: `${request.method} the key page of ${this.#account}, ${request.target.replace(/[^/]{20,}/g, "…")}`,
      // A link or form whose answer was lost has been used.
      allowed: new Set(expected),
      status,
      complete: response?.ended === "complete",
      startedAt,
      endedAt: performance.now(),
    });
    if (response === null || !expected.includes(status)) throw new Outage(`${status} for ${request.target}`);
    return response;
  }

  #violation(text: string): void {
    this.#context.results.violations.push(`${this.#account}: ${text}`);
  }
}

/** The hidden fields of a page's last form. */
function fieldsOf(page: RawResponse): Record<string, string> {
  const fields = page.body.toString().matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
}
