// The signature of GitHub's secret scanning: GitHub's own documented example, and when the public keys are fetched.

import { afterEach, expect, test, vi } from "vitest";
import { GithubSignature } from "../../src/control/github-signature.ts";
import { type Match, ScanningKeys } from "./scanning-keys.ts";

const MINUTE_MS = 60_000;

/** From the documentation of the partner programme. */
const EXAMPLE = {
  body: '[{"token":"some_token","type":"some_type","url":"some_url"}]',
  keyId: "90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a",
  signature:
    "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=",
  key: "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq\nkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==\n-----END PUBLIC KEY-----",
};

const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

afterEach(() => vi.restoreAllMocks());

test("verifies the documented example, and not another body", async () => {
  const keys = { public_keys: [{ key_identifier: EXAMPLE.keyId, key: EXAMPLE.key, is_current: true }] };
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json(keys));
  const signature = new GithubSignature("https://keys.example/", () => 0);
  expect(await signature.verify(bytes(EXAMPLE.body), EXAMPLE.keyId, EXAMPLE.signature)).toBe(true);
  expect(await signature.verify(bytes(`${EXAMPLE.body} `), EXAMPLE.keyId, EXAMPLE.signature)).toBe(false);
});

test("many messages at once fetch the keys once", async () => {
  const github = await ScanningKeys.start();
  const signature = new GithubSignature(github.url, () => 0);
  const verdicts = await Promise.all(
    Array.from({ length: 20 }, () => signature.verify(bytes("[]"), "0".repeat(64), EXAMPLE.signature)),
  );
  expect(github.fetches).toBe(1);
  // GitHub repeats a message that is answered with 503.
  expect(verdicts).toEqual([false, ...Array(19).fill(null)]);
  await github.close();
});

test("accepts public keys in an answer of up to 64 KiB, and reads no longer one", async () => {
  const github = await ScanningKeys.start();
  let now = 0;
  const signature = new GithubSignature(github.url, () => now);
  const { body, headers } = github.signed([]);
  const [, [, keyId = ""] = [], [, text = ""] = []] = headers;
  const verify = () => signature.verify(bytes(body), keyId, text);
  github.padding = 65_536;
  expect(await verify()).toBe(null);
  now += 1000;
  github.padding = 60_000;
  expect(await verify()).toBe(true);
  await github.close();
});

test("follows a rotation after a minute, keeps keys for an hour, and accepts every length of r and s", async () => {
  const github = await ScanningKeys.start();
  let now = 0;
  const signature = new GithubSignature(github.url, () => now);
  const isAccepted = async (matches: readonly Match[]) => {
    const { body, headers } = github.signed(matches);
    const [, [, id = ""] = [], [, signed = ""] = []] = headers;
    return await signature.verify(bytes(body), id, signed);
  };
  // A short integer comes once in 256 signatures.
  for (let i = 0; i < 600; i++) expect(await isAccepted([{ token: String(i) }])).toBe(true);
  expect(github.fetches).toBe(1);
  github.rotate();
  expect(await isAccepted([])).toBe(false);
  now += MINUTE_MS;
  expect(await isAccepted([])).toBe(true);
  expect(github.fetches).toBe(2);
  now += 59 * MINUTE_MS;
  expect([await isAccepted([]), github.fetches]).toEqual([true, 2]);
  now += MINUTE_MS;
  expect([await isAccepted([]), github.fetches]).toEqual([true, 3]);
  now += 61 * MINUTE_MS;
  github.failure = 500;
  const { fetches } = github;
  for (let i = 0; i < 5; i++) expect(await isAccepted([])).toBe(null);
  expect(github.fetches).toBe(fetches + 1);
  now += 1000;
  github.failure = null;
  expect(await isAccepted([])).toBe(true);
  await github.close();
});
