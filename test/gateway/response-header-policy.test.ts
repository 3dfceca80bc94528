// The table of response headers against the registry of field names, and the promise that it makes for each of them.

import { describe, expect, test } from "vitest";
import { clientResponse } from "../../src/gateway/client-response.ts";
import { readOriginResponse } from "../../src/gateway/origin-response.ts";
import { PublicAddress } from "../../src/gateway/public-address.ts";
import { RESPONSE_HEADER_POLICY } from "../../src/gateway/response-header-policy.ts";
import { isRefusal } from "../../src/refusals.ts";
import { ALWAYS_SET, DECIDED, NEUTRAL, UNREGISTERED } from "./iana-http-fields.ts";

const ORIGIN = "https://origin.internal:8443";
const ADDRESS = new PublicAddress("https://api.octopost.ink", ORIGIN);

const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase()).sort();

test("every response header of the registry is decided, once", () => {
  const all = lower([...NEUTRAL, ...DECIDED, ...UNREGISTERED, ...ALWAYS_SET]);
  expect(new Set(all).size).toBe(all.length);
  expect([...RESPONSE_HEADER_POLICY.keys()].sort()).toEqual(lower([...DECIDED, ...UNREGISTERED]));
});

describe("the origin's address is in no", () => {
  const isOpaque = (name: string) => RESPONSE_HEADER_POLICY.get(name.toLowerCase()) === "pass";
  const names = [...NEUTRAL, ...DECIDED, ...UNREGISTERED].filter((name) => !isOpaque(name));
  test.each(names)("%s", (name) => {
    // Connection and Transfer-Encoding have syntaxes that an address does not fit.
    if (name === "Transfer-Encoding") return;
    for (const value of [
      `${ORIGIN}/v1/posts`,
      `<${ORIGIN}/v1/posts>; rel="next"`,
      `0; url=${ORIGIN}/`,
      `a=1; Domain=origin.internal`,
    ]) {
      const fits = RESPONSE_HEADER_POLICY.get(name.toLowerCase());
      if (fits === "url" && value !== `${ORIGIN}/v1/posts`) continue;
      if (fits === "links" && !value.startsWith("<")) continue;
      if (fits === "refresh" && !value.startsWith("0")) continue;
      if (fits === "cookie" ? !value.startsWith("a") : value.startsWith("a")) continue;
      expect(JSON.stringify([...received(name, value)])).not.toContain("origin.internal");
    }
  });
});

test.each(NEUTRAL)("%s passes as it is", (name) => {
  expect(received(name, "a value, as it came").get(name)).toBe("a value, as it came");
});

function received(name: string, value: string): Headers {
  const origin = readOriginResponse(new Response(null, { headers: { [name]: value } }), ADDRESS);
  if (isRefusal(origin)) throw new Error(origin.reason);
  return clientResponse(null, origin, "request-1", null).headers;
}
