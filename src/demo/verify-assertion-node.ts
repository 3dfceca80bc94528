// For an origin on plain Node (node:http, Express): who calls, by the gateway's signed word, or null.
// The same checks as in verify-assertion.ts, with node:crypto alone. Throws when the keys cannot be fetched.

import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import type { IncomingMessage } from "node:http";

const FETCH_EVERY_MS = 10_000;

export interface Claims {
  readonly sub: string;
  readonly key_id: string;
  readonly mode: "live" | "test";
  readonly scope: string;
  readonly exp: number;
}

export function assertionReader(expected: { jwksUrl: string; audience: string; mode: "live" | "test" }) {
  let keys: JsonWebKey[] = [];
  let fetchedAt = 0;
  let freshUntil = 0;

  async function publicKey(kid: unknown): Promise<JsonWebKey | undefined> {
    const find = () => keys.find((key) => key.kid === kid);
    if (Date.now() < freshUntil && (find() || Date.now() < fetchedAt + FETCH_EVERY_MS)) return find();
    const response = await fetch(expected.jwksUrl, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`${expected.jwksUrl} answered ${response.status}`);
    keys = ((await response.json()) as { keys: JsonWebKey[] }).keys;
    const maxAge = /max-age=(\d+)/.exec(response.headers.get("Cache-Control") ?? "")?.[1];
    fetchedAt = Date.now();
    freshUntil = fetchedAt + Number(maxAge ?? 0) * 1000;
    return find();
  }

  return async function callerOf(request: IncomingMessage): Promise<Claims | null> {
    const parts = String(request.headers["x-octopost-assertion"]).split(".");
    const [header, claims] = parts.slice(0, 2).map(parsed);
    if (parts.length !== 3 || header?.alg !== "EdDSA" || typeof header.kid !== "string") return null;
    const key = await publicKey(header.kid);
    if (key?.kty !== "OKP") return null;
    const signed = Buffer.from(parts.slice(0, 2).join("."));
    const signature = Buffer.from(parts[2] ?? "", "base64url");
    if (!verify(null, signed, createPublicKey({ key, format: "jwk" }), signature)) return null;
    const isMeant = claims?.iss === "https://api.octopost.ink" && claims.aud === expected.audience;
    const isAlive = typeof claims?.exp === "number" && claims.exp > Date.now() / 1000;
    return isMeant && isAlive && claims.mode === expected.mode ? (claims as unknown as Claims) : null;
  };
}

function parsed(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}
