/**
 * A secret at rest: AES-256-GCM under a key that HKDF derives from the pepper.
 *
 * Guarantees that the database alone does not reveal the secret. The database and the pepper together do.
 */
import { firstUnderPeppers } from "../keys/digests.ts";
import type { CurrentFirst } from "../settings.ts";

/** Separates the sealing key from every other use of the pepper. */
const SEAL_LABEL = "octopost kept answer v1";
const IV_BYTES = 12;

export async function sealSecret(secret: string, pepper: string): Promise<ArrayBuffer> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await sealingKey(pepper);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(secret));
  return await new Blob([iv, sealed]).arrayBuffer();
}

/** Throws when the secret was sealed under a pepper that is no longer configured. */
export async function openSecret(sealed: ArrayBuffer, peppers: CurrentFirst): Promise<string> {
  const algorithm = { name: "AES-GCM", iv: sealed.slice(0, IV_BYTES) };
  const secret = await firstUnderPeppers(peppers, async (pepper) => {
    const key = await sealingKey(pepper);
    try {
      return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, sealed.slice(IV_BYTES)));
    } catch (error) {
      if (isWrongKey(error)) return null;
      throw error;
    }
  });
  if (secret === null)
    throw new Error("a kept secret was sealed under a pepper that is no longer configured");
  return secret;
}

/** GCM reports a wrong key as a failed authentication. */
function isWrongKey(error: unknown): boolean {
  return error instanceof DOMException && error.name === "OperationError";
}

async function sealingKey(pepper: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", encoder.encode(pepper), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(SEAL_LABEL) };
  return await crypto.subtle.deriveKey(hkdf, material, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}
