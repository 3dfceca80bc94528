/**
 * `ASSERTION_KEY`: the Ed25519 key that signs `X-Octopost-Assertion`, as a private JWK (RFC 8037), or a JWK Set whose
 * first key signs and whose other keys are published only, so that the signing key can be rotated without a gap.
 *
 * Guarantees that the published keys have public parts only. Pure.
 */
import * as v from "valibot";

const base64url = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));

const publicJwk = v.object({
  kty: v.literal("OKP"),
  crv: v.literal("Ed25519"),
  x: base64url,
  kid: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
});
const privateJwk = v.object({ ...publicJwk.entries, d: base64url });

const keySet = v.union([
  v.pipe(
    privateJwk,
    v.transform((signing) => ({ signing, others: [] as v.InferOutput<typeof publicJwk>[] })),
  ),
  v.pipe(
    v.object({ keys: v.tupleWithRest([privateJwk], publicJwk) }),
    v.transform(({ keys: [signing, ...others] }) => ({ signing, others })),
  ),
]);

export interface PublishedKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
}

export interface AssertionKeys {
  /** Private. */
  readonly signing: JsonWebKey & { readonly kid: string };
  /** Served at `/.well-known/jwks.json`. */
  readonly published: readonly PublishedKey[];
}

/** The JSON text of the setting. */
export const assertionKeys = v.pipe(v.string(), v.parseJson(), keySet, v.transform(toAssertionKeys));

function toAssertionKeys({ signing, others }: v.InferOutput<typeof keySet>): AssertionKeys {
  const { kty, crv, x, d } = signing;
  return {
    signing: { kty, crv, x, d, alg: "EdDSA", kid: keyIdOf(signing) },
    published: [signing, ...others].map(({ kty, crv, x, kid }) => ({
      kty,
      crv,
      x,
      kid: keyIdOf({ kid, x }),
      alg: "EdDSA",
      use: "sig",
    })),
  };
}

/** A key without an id gets the start of its public part. */
function keyIdOf({ kid, x }: { readonly kid?: string | undefined; readonly x: string }): string {
  return kid ?? x.slice(0, 8);
}
