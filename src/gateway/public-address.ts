/**
 * Replaces the origin's address with the public one in response headers.
 *
 * Guarantees that a client that follows an address in a header stays on the public host, whatever spelling of its own
 * address the origin uses. A value that does not lead to the origin's host is unchanged, to the character.
 * It does not read bodies. Pure.
 */
import type { HeaderTreatment } from "./response-header-policy.ts";

/** Attributes of a link that are, or may be, a URI (RFC 8288 §3.2, §3.3); other quoted text is skipped. */
const LINK_PARTS =
  /<([^>]*)(?:>|$)|(?<![\w*-])(anchor|rel|rev)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"<]+))|"(?:[^"\\]|\\.)*"/gi;
/**
 * Between the values of several headers, which the platform joins. A URI has no space (RFC 3986 §2). Seconds and the URL
 * of a refresh may have it between them, and are replaced apart.
 */
const BETWEEN_VALUES = /(,\s+)/;
/** Seconds, an optional `url=` and optional quotes, as browsers read them (HTML, "shared declarative refresh steps"). */
const REFRESH = /^([\s\d.]*[;,\s]?\s*(?:url\s*=\s*)?["']?)(.*?)(["']?\s*)$/is;
const COOKIE_DOMAIN = /;\s*domain\s*=\s*\.?([^;]*?)\s*(?=;|$)/gi;

export class PublicAddress {
  readonly #publicOrigin: string;
  readonly #public: URL;
  readonly #origin: URL;
  /** The origin's host in any text: with a scheme or `//` before it, or alone. */
  readonly #mention: RegExp;

  /** Both `scheme://host[:port]`. */
  constructor(publicOrigin: string, origin: string) {
    this.#publicOrigin = publicOrigin;
    this.#public = new URL(publicOrigin);
    this.#origin = new URL(origin);
    const host = this.#origin.host.replace(/[.[\]]/g, "\\$&");
    this.#mention = new RegExp(
      `((?:https?:)?//(?:[^\\s"'<>/?#@]*@)?)?(?<![\\w-]|[\\w-]\\.)${host}(?![\\w:-]|\\.[\\w-])`,
      "gi",
    );
  }

  /** The value as the client may see it; null drops the header. */
  translate(value: string, treatment: HeaderTreatment | undefined): string | null {
    switch (treatment) {
      case "drop":
        return null;
      case "pass":
        return value;
      case "url":
        return ofEach(value, (one) => this.#url(one));
      case "links":
        return this.#links(value);
      case "refresh":
        return ofEach(value, (one) =>
          one.replace(REFRESH, (_, before, url, after) => before + this.#url(url) + after),
        );
      case "cookie":
        return value.replace(COOKIE_DOMAIN, (attribute, domain) =>
          this.#isForeignDomain(domain.toLowerCase()) ? "" : attribute,
        );
      case undefined:
        return this.#text(value);
    }
  }

  /** Read as a client reads it: relative is on the public host, and `\\host` is `//host`. */
  #url(text: string): string {
    const target = URL.parse(text, this.#publicOrigin);
    if (!target || !this.#isOriginHost(target)) return text;
    return this.#publicOrigin + target.pathname + target.search + target.hash;
  }

  #isOriginHost({ hostname, port }: URL): boolean {
    // A name with a dot at its end is the same host.
    return hostname.replace(/\.$/, "") === this.#origin.hostname && port === this.#origin.port;
  }

  #links(value: string): string {
    return value.replace(LINK_PARTS, (part, target, attribute, quoted, bare) => {
      if (target !== undefined) return part.replace(target, () => this.#url(target));
      if (attribute === undefined) return part;
      const uris: string = quoted ?? bare;
      // A relation type may be a URI, and there may be several (RFC 8288 §3.3).
      const replaced = uris.replace(/\S+/g, (uri) =>
        uri.includes(":") || /anchor/i.test(attribute) ? this.#url(uri) : uri,
      );
      return part.replace(uris, () => replaced);
    });
  }

  /** Whether the domain covers the origin's host and not the public one. */
  #isForeignDomain(domain: string): boolean {
    const covers = ({ hostname }: URL) => hostname === domain || hostname.endsWith(`.${domain}`);
    return covers(this.#origin) && !covers(this.#public);
  }

  #text(value: string): string {
    if (value.length < this.#origin.host.length) return value;
    return value.replace(this.#mention, (_, scheme) => (scheme ? this.#publicOrigin : this.#public.host));
  }
}

/** Several values are not allowed in these headers, but an origin may send them: none may name the origin. */
function ofEach(value: string, replace: (one: string) => string): string {
  return value.split(BETWEEN_VALUES).map(replace).join("");
}

const known = new Map<string, PublicAddress>();

/** One per origin; an isolate has two, and always the same public one. */
export function publicAddress(publicOrigin: string, origin: string): PublicAddress {
  let address = known.get(origin);
  if (!address) {
    address = new PublicAddress(publicOrigin, origin);
    known.set(origin, address);
  }
  return address;
}
