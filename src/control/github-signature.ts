/**
 * Verifies the signature of GitHub's secret scanning: ECDSA P-256 with SHA-256 over the raw body, by one of GitHub's
 * public keys.
 *
 * Guarantees that the keys are fetched once an hour, for an unknown key id at most once a minute, and otherwise at most
 * once a second, also for many messages at once and after a failure, so that made-up messages do not load GitHub.
 * Accepts only keys that `SECRET_SCANNING_KEYS_URL` serves, in an answer with a limit of time and of size.
 */
import * as v from "valibot";
import { type Bytes, fromBase64 } from "../keys/digests.ts";

const KEYS_KEPT_MS = 3_600_000;
const REFETCHED_AFTER_MS = 60_000;
/** After a fetch that failed or has not ended; until then messages get 503. */
const RETRIED_AFTER_MS = 1000;
const FETCH_LIMIT_MS = 5000;
const KEYS_MAX = 100;
/** Twice the size of an answer with `KEYS_MAX` keys. */
const ANSWER_MAX_LENGTH = 65_536;

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const PEM = /^-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;
const COORDINATE_BYTES = 32;

const keysSchema = v.object({
  public_keys: v.pipe(
    v.array(v.object({ key_identifier: v.string(), key: v.pipe(v.string(), v.regex(PEM)) })),
    v.maxLength(KEYS_MAX),
  ),
});

type PublicKeys = ReadonlyMap<string, string>;

export class GithubSignature {
  readonly #url: string;
  readonly #now: () => number;
  #keys: PublicKeys = new Map();
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(url: string, now: () => number) {
    this.#url = url;
    this.#now = now;
  }

  /** null: the public keys cannot be fetched. */
  async verify(body: Bytes, keyId: string, signature: string): Promise<boolean | null> {
    const raw = rawSignature(signature);
    if (raw === null) return false;
    const keys = await this.#keysFor(keyId);
    if (keys === null) return null;
    const pem = keys.get(keyId);
    if (pem === undefined) return false;
    const spki = fromBase64((PEM.exec(pem)?.[1] ?? "").replaceAll(/\s/g, ""));
    const key = await crypto.subtle.importKey("spki", spki, ECDSA, false, ["verify"]);
    return await crypto.subtle.verify(ECDSA, key, raw, body);
  }

  async #keysFor(keyId: string): Promise<PublicKeys | null> {
    const ageMs = this.#now() - this.#fetchedAt;
    const isKnown = this.#keys.has(keyId) && ageMs < KEYS_KEPT_MS;
    if (isKnown || ageMs < REFETCHED_AFTER_MS) return this.#keys;
    if (this.#now() - this.#triedAt < RETRIED_AFTER_MS) return null;
    this.#triedAt = this.#now();
    const fetched = await this.#fetch();
    if (fetched === null) return null;
    this.#keys = fetched;
    this.#fetchedAt = this.#now();
    return fetched;
  }

  async #fetch(): Promise<PublicKeys | null> {
    let text: string | null;
    try {
      const response = await fetch(this.#url, {
        // GitHub's API refuses a request without it.
        headers: { "User-Agent": "octopost-gateway", Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(FETCH_LIMIT_MS),
      });
      if (!response.ok) return null;
      text = await boundedText(response);
    } catch {
      return null;
    }
    const checked = v.safeParse(v.pipe(v.string(), v.parseJson(), keysSchema), text);
    if (!checked.success) return null;
    return new Map(checked.output.public_keys.map(({ key_identifier, key }) => [key_identifier, key]));
  }
}

/** null: longer than `ANSWER_MAX_LENGTH`. The rest is not read: leaving the loop cancels the body. */
async function boundedText({ body }: Response): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > ANSWER_MAX_LENGTH) return null;
  }
  return text;
}

/** ASN.1 DER, `SEQUENCE { INTEGER r, INTEGER s }` in Base64, as the two coordinates that Web Crypto takes. */
function rawSignature(base64: string): Bytes | null {
  if (!/^[A-Za-z0-9+/]{90,100}={0,2}$/.test(base64)) return null;
  const der = bytesOf(base64);
  if (der === null || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const r = integerAt(der, 2);
  const s = r && integerAt(der, r.end);
  if (!r || !s || s.end !== der.length) return null;
  const raw = new Uint8Array(2 * COORDINATE_BYTES);
  raw.set(r.bytes, COORDINATE_BYTES - r.bytes.length);
  raw.set(s.bytes, 2 * COORDINATE_BYTES - s.bytes.length);
  return raw;
}

function bytesOf(base64: string): Bytes | null {
  try {
    return fromBase64(base64);
  } catch {
    return null;
  }
}

/** The integer without the zero that keeps it positive. */
function integerAt(der: Bytes, start: number): { readonly bytes: Bytes; readonly end: number } | null {
  const length = der[start + 1] ?? 0;
  const end = start + 2 + length;
  if (der[start] !== 0x02 || length === 0 || end > der.length) return null;
  const bytes = der.slice(start + 2, end);
  const significant = bytes[0] === 0 ? bytes.slice(1) : bytes;
  return significant.length <= COORDINATE_BYTES ? { bytes: significant, end } : null;
}
