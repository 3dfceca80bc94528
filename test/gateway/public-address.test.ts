// The origin's address in what an origin says, in every syntax of a response header.

import { describe, expect, test } from "vitest";
import { PublicAddress } from "../../src/gateway/public-address.ts";

const ADDRESS = new PublicAddress("https://api.octopost.ink", "https://origin.internal:8443");
const O = "https://origin.internal:8443";
const P = "https://api.octopost.ink";

describe("one URL", () => {
  test.each([
    [`${O}/v1/posts?a=b#c`, `${P}/v1/posts?a=b#c`],
    [O, `${P}/`],
    ["//origin.internal:8443/x", `${P}/x`],
    ["HTTPS://ORIGIN.INTERNAL:8443/x", `${P}/x`],
    ["https://origin.internal.:8443/x", `${P}/x`],
    ["https://user:secret@origin.internal:8443/x", `${P}/x`],
    ["wss://origin.internal:8443/x", `${P}/x`],
    ["\\\\origin.internal:8443/x", `${P}/x`],
    ["https://orig%69n.internal:8443/x", `${P}/x`],
  ])("%s becomes %s", (value, expected) => {
    expect(ADDRESS.translate(value, "url")).toBe(expected);
  });

  test.each([
    "/v1/posts/1",
    "?page=2",
    "",
    "https://origin.internal/x",
    "https://sub.origin.internal:8443/x",
    "https://origin.internal:8443.example/x",
    `https://octopost.ink/?to=${O}/x`,
    "mailto:help@octopost.ink",
  ])("`%s` stays", (value) => {
    expect(ADDRESS.translate(value, "url")).toBe(value);
  });
});

describe("links", () => {
  test.each([
    [`<${O}/v1/posts?page=2>; rel="next"`, `<${P}/v1/posts?page=2>; rel="next"`],
    [
      `<${O}/a>; rel=prev, <${O}/b>; rel="next"; title="page, <2>",</c>; rel=last`,
      `<${P}/a>; rel=prev, <${P}/b>; rel="next"; title="page, <2>",</c>; rel=last`,
    ],
    [`</x>; anchor="${O}/v1/posts"; rel=self`, `</x>; anchor="${P}/v1/posts"; rel=self`],
    [`</x>; anchor=${O}/v1; rel=self`, `</x>; anchor=${P}/v1; rel=self`],
    [`</x>; rel="${O}/rels/a next ${O}/rels/b"`, `</x>; rel="${P}/rels/a next ${P}/rels/b"`],
    [`</x>; REL = "next"; Anchor = "${O}/y"`, `</x>; REL = "next"; Anchor = "${P}/y"`],
    [`<//origin.internal:8443/a,b;c>; rel=next`, `<${P}/a,b;c>; rel=next`],
    [`<${O}/unclosed`, `<${P}/unclosed`],
    [`<>; rel=self, <${O}/b>`, `<>; rel=self, <${P}/b>`],
  ])("%s", (value, expected) => {
    expect(ADDRESS.translate(value, "links")).toBe(expected);
  });

  test.each([
    "</v1/posts?page=2>; rel=next",
    `<https://octopost.ink/?to=${O}>; rel=help`,
    `</x>; title="see <${O}/x>; anchor=\\"${O}\\""`,
    `</x>; title*=UTF-8''caf%C3%A9; rel=alternate; hreflang=fr`,
    "",
  ])("`%s` stays", (value) => {
    expect(ADDRESS.translate(value, "links")).toBe(value);
  });
});

describe("a refresh", () => {
  test.each([
    [`5; url=${O}/x`, `5; url=${P}/x`],
    [`0;URL='${O}/x'`, `0;URL='${P}/x'`],
    [`0, "${O}/x"`, `0, "${P}/x"`],
    [`3;${O}/x`, `3;${P}/x`],
    [`3.5 ; url = //origin.internal:8443/x`, `3.5 ; url = ${P}/x`],
  ])("%s", (value, expected) => {
    expect(ADDRESS.translate(value, "refresh")).toBe(expected);
  });

  test.each(["5", "5; url=/v1/posts", "0; url=https://octopost.ink/", ""])("`%s` stays", (value) => {
    expect(ADDRESS.translate(value, "refresh")).toBe(value);
  });
});

describe("a cookie", () => {
  test.each([
    ["a=1; Domain=origin.internal; Path=/", "a=1; Path=/"],
    ["a=1; Path=/; domain=.Internal", "a=1; Path=/"],
    ["a=1; Domain=origin.internal; Domain=origin.internal", "a=1"],
  ])("%s loses a domain that no client of the public host accepts", (value, expected) => {
    expect(ADDRESS.translate(value, "cookie")).toBe(expected);
  });

  test.each([
    "a=1; Path=/; HttpOnly",
    "a=1; Domain=octopost.ink",
    "a=origin.internal; Path=/",
    "domain=x; Secure",
  ])("`%s` stays", (value) => {
    expect(ADDRESS.translate(value, "cookie")).toBe(value);
  });

  test("a domain that covers both hosts stays", () => {
    const neighbours = new PublicAddress("https://api.octopost.ink", "https://live.octopost.ink");
    expect(neighbours.translate("a=1; Domain=octopost.ink", "cookie")).toBe("a=1; Domain=octopost.ink");
    expect(neighbours.translate("a=1; Domain=live.octopost.ink", "cookie")).toBe("a=1");
  });
});

describe("any other header", () => {
  test.each([
    [O, P],
    [`${O}/v1/posts?page=2`, `${P}/v1/posts?page=2`],
    [`http://origin.internal:8443/x, ${O}/y`, `${P}/x, ${P}/y`],
    [
      "default-src 'self' origin.internal:8443; report-uri //origin.internal:8443/r",
      `default-src 'self' api.octopost.ink; report-uri ${P}/r`,
    ],
    ["served by Origin.Internal:8443", "served by api.octopost.ink"],
    [`endpoint="${O}/reports"`, `endpoint="${P}/reports"`],
    ["https://a:b@origin.internal:8443/x", `${P}/x`],
  ])("%s becomes %s", (value, expected) => {
    expect(ADDRESS.translate(value, undefined)).toBe(expected);
  });

  test.each([
    "application/json",
    "sub.origin.internal:8443",
    "origin.internal:84430",
    "origin.internal:8443.example",
    "my-origin.internal:8443",
    "originXinternal:8443",
  ])("`%s` stays", (value) => {
    expect(ADDRESS.translate(value, undefined)).toBe(value);
  });
});

test("an IPv6 origin is found too", () => {
  const local = new PublicAddress("http://localhost:8787", "http://[::1]:9101");
  expect(local.translate("http://[::1]:9101/x", "url")).toBe("http://localhost:8787/x");
  expect(local.translate("see http://[::1]:9101/x", undefined)).toBe("see http://localhost:8787/x");
});
