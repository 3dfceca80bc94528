/**
 * The gateway's public keys, for an origin that verifies its assertions: kept as long as the gateway allows,
 * and fetched anew for a key id that is not among them.
 *
 * Guarantees one fetch at a time, and that made-up key ids cause no more than one each FETCH_EVERY_MS. Keys
 * that are too old are never used: when they cannot be fetched it throws.
 */
export interface PublicKey extends JsonWebKey {
  readonly kid?: string;
}

const FETCH_EVERY_MS = 10_000;
const FETCH_LIMIT_MS = 5_000;

/** Returns a function that answers the keys among which `kid` must be. */
export function keepPublicKeys(jwksUrl: string) {
  let keys: PublicKey[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let freshUntil = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  const fetchKeys = async () => {
    const response = await fetch(jwksUrl, { signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
    if (!response.ok) throw new Error(`${jwksUrl} answered ${response.status}`);
    keys = ((await response.json()) as { keys: PublicKey[] }).keys;
    const maxAge = /\bmax-age=(\d+)/.exec(response.headers.get("Cache-Control") ?? "")?.[1];
    fetchedAt = Date.now();
    freshUntil = fetchedAt + Number(maxAge ?? 0) * 1000;
  };

  return async (kid: string | undefined): Promise<PublicKey[]> => {
    const isNew = kid !== undefined && keys.every((key) => key.kid !== kid);
    if (Date.now() >= freshUntil || (isNew && Date.now() >= fetchedAt + FETCH_EVERY_MS)) {
      underWay ??= fetchKeys().finally(() => {
        underWay = undefined;
      });
      await underWay;
    }
    return keys;
  };
}
