/**
 * A browser without JavaScript, styles and layout, over raw HTTP: it follows the links and submits the forms of the markup
 * that the server sent, a hundred times cheaper than a real one.
 *
 * Guarantees: a form is submitted with all of its fields, and with no choice that it does not offer. Does not check what a
 * browser checks before it submits, such as `required`.
 */

import type { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Header, RawResponse } from "../support/raw-http.ts";
import { cookieOf, newAccount, originOf, pathOf, requestPage, signIn } from "./key-page.ts";

/** The whole label, or a part of it. */
type Label = string | RegExp;
type Values = Readonly<Record<string, string | readonly string[]>>;

interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** The markup within it. */
  readonly content: string;
}

export class MarkupBrowser {
  readonly owner: Account;
  status = 0;
  /** The path and query of the page. */
  target = "";
  /** The markup of the page, without its style and script. */
  html = "";
  readonly #cluster: GatewayCluster;
  readonly #cookies: { session: string };

  private constructor(cluster: GatewayCluster, owner: Account, cookies: { session: string }) {
    this.#cluster = cluster;
    this.owner = owner;
    this.#cookies = cookies;
  }

  /** The list of keys, in a session of its own account; `input` of its link. */
  static async open(cluster: GatewayCluster, input: object = {}): Promise<MarkupBrowser> {
    const { owner, cookie } = await signIn(cluster, newAccount(), input);
    const browser = new MarkupBrowser(cluster, owner, { session: cookie[1] });
    await browser.goTo("/portal/keys");
    return browser;
  }

  /** Another tab with the same page, as it is. Tabs share the cookie. */
  copy(): MarkupBrowser {
    const copy = new MarkupBrowser(this.#cluster, this.owner, this.#cookies);
    return Object.assign(copy, { status: this.status, target: this.target, html: this.html });
  }

  /** Opens a link to the key page and presses its button. */
  async enter(link: string): Promise<void> {
    await this.goTo(pathOf(link));
    await this.submit("Open API keys");
  }

  async goTo(target: string): Promise<void> {
    await this.#show(target, await requestPage(this.#cluster, target, this.#headers()));
  }

  async reload(): Promise<void> {
    await this.goTo(this.target);
  }

  /** Follows the link with this label. */
  async follow(label: Label): Promise<void> {
    await this.goTo(this.hrefOf(label));
  }

  hrefOf(label: Label): string {
    return this.#labelled("a", label).attributes.get("href") ?? "";
  }

  /** Submits the form of the button with this label; `values` replace those of the form. */
  async submit(label: Label, values: Values = {}): Promise<void> {
    const button = this.#labelled("button", label);
    const form = this.#formOf(button);
    const fields = this.valuesOf(label);
    for (const [name, replaced] of Object.entries(values)) {
      fields.delete(name);
      for (const value of [replaced].flat()) {
        if (!this.#offers(form, name, value)) throw new Error(`no field ${name} with ${value} in ${label}`);
        fields.append(name, value);
      }
    }
    const action = button.attributes.get("formaction") ?? form.attributes.get("action") ?? this.target;
    if (form.attributes.get("method") !== "post") return await this.goTo(`${action}?${fields}`);
    await this.#show(action, await requestPage(this.#cluster, action, this.#headers(), fields));
  }

  /** What the form of the button with this label submits as it is. */
  valuesOf(label: Label): URLSearchParams {
    const values = new URLSearchParams();
    for (const { tag, attributes, content } of this.#fieldsOf(
      this.#formOf(this.#labelled("button", label)),
    )) {
      const isChoice = ["radio", "checkbox"].includes(attributes.get("type") ?? "");
      if (isChoice && !attributes.has("checked")) continue;
      const options = elementsOf(content, "option");
      const chosen = options.find((option) => option.attributes.has("selected")) ?? options[0];
      const value = tag === "textarea" ? decoded(content) : (chosen?.attributes ?? attributes).get("value");
      values.append(attributes.get("name") ?? "", value ?? "");
    }
    return values;
  }

  get heading(): string {
    return textOf(elementsOf(this.html, "h1")[0]?.content ?? "");
  }

  /** The text of the page's main part. */
  get text(): string {
    return textOf(elementsOf(this.html, "main")[0]?.content ?? "");
  }

  /** The text of each element with this role. */
  withRole(role: string): string[] {
    return [
      ...this.html.matchAll(new RegExp(`<(\\w+) [^>]*role="${role}"[^>]*>([\\s\\S]*?)</\\1>`, "g")),
    ].map(([, , content = ""]) => textOf(content));
  }

  /** The headers of the columns or rows of the tables. */
  headers(scope: "col" | "row"): string[] {
    return elementsOf(this.html, "th")
      .filter(({ attributes }) => attributes.get("scope") === scope)
      .map(({ content }) => textOf(content));
  }

  /** The labels of all links and buttons. */
  get labels(): string[] {
    return [...elementsOf(this.html, "a"), ...elementsOf(this.html, "button")].map(labelOf);
  }

  /** The text beside the radio button or checkbox with this value. */
  labelOfChoice(value: string): string {
    const found = elementsOf(this.html, "label").find((label) =>
      elementsOf(label.content, "input").some(({ attributes }) => attributes.get("value") === value),
    );
    return textOf(found?.content ?? "");
  }

  /** The value of the text field or text area with this id. */
  valueOf(id: string): string {
    const found = FIELDS.flatMap((tag) => elementsOf(this.html, tag)).find(
      ({ attributes }) => attributes.get("id") === id,
    );
    if (found === undefined) throw new Error(`no field ${id}`);
    return found.tag === "textarea" ? decoded(found.content) : (found.attributes.get("value") ?? "");
  }

  #headers(): Header[] {
    return [
      ["Cookie", this.#cookies.session],
      ["Origin", originOf(this.#cluster)],
    ];
  }

  async #show(target: string, response: RawResponse): Promise<void> {
    this.#cookies.session = cookieOf(response) || this.#cookies.session;
    const location = response.header("Location");
    if (location !== undefined) return await this.goTo(location);
    this.status = response.status;
    this.target = target;
    this.html = response.body.toString().replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, "");
  }

  #labelled(tag: string, label: Label): Element {
    const found = elementsOf(this.html, tag).find((element) =>
      typeof label === "string" ? labelOf(element) === label : label.test(labelOf(element)),
    );
    if (found === undefined) throw new Error(`no ${tag} “${label}” on ${this.target}`);
    return found;
  }

  #formOf(button: Element): Element {
    const id = button.attributes.get("form");
    const form = elementsOf(this.html, "form").find(({ attributes, content }) =>
      id === undefined
        ? elementsOf(content, "button").some((one) => labelOf(one) === labelOf(button))
        : attributes.get("id") === id,
    );
    if (form === undefined) throw new Error(`“${labelOf(button)}” is in no form`);
    return form;
  }

  /** Also those elsewhere on the page that name the form. */
  #fieldsOf(form: Element): Element[] {
    const id = form.attributes.get("id");
    const elsewhere = FIELDS.flatMap((tag) => elementsOf(this.html, tag)).filter(
      ({ attributes }) => id !== undefined && attributes.get("form") === id,
    );
    const within = FIELDS.flatMap((tag) => elementsOf(form.content, tag));
    return [...within, ...elsewhere].filter(({ attributes }) => attributes.has("name"));
  }

  #offers(form: Element, name: string, value: string): boolean {
    return this.#fieldsOf(form)
      .filter(({ attributes }) => attributes.get("name") === name)
      .some(({ tag, attributes, content }) => {
        const options =
          tag === "select" ? elementsOf(content, "option").map((one) => one.attributes) : [attributes];
        const isText = tag !== "select" && !["radio", "checkbox"].includes(attributes.get("type") ?? "");
        return isText || options.some((option) => option.get("value") === value);
      });
  }
}

const FIELDS = ["input", "select", "textarea"];
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };

function elementsOf(html: string, tag: string): Element[] {
  const pattern =
    tag === "input" ? /<input( [^>]*)>()/g : new RegExp(`<${tag}( [^>]*)?>([\\s\\S]*?)</${tag}>`, "g");
  return [...html.matchAll(pattern)].map(([, attributes = "", content = ""]) => ({
    tag,
    content,
    attributes: new Map(
      [...attributes.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = "", value = ""]) => [
        name,
        decoded(value),
      ]),
    ),
  }));
}

/** As a screen reader says it. */
function labelOf({ attributes, content }: Element): string {
  return attributes.get("aria-label") ?? textOf(content);
}

function textOf(html: string): string {
  return decoded(html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ")).trim();
}

function decoded(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ENTITIES[name] ?? "");
}
