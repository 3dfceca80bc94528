/**
 * Fuzzes every parser of text from clients, origins or operators, against a naive implementation or a property that must
 * hold for all texts. A failure prints the seed to replay.
 */
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { eventCursorField, keyCursorField } from "../../../src/control/page-cursor.ts";
import { forwardHeaders } from "../../../src/forward-headers.ts";
import { acceptRequest } from "../../../src/gateway/accept-request.ts";
import { namesIn } from "../../../src/gateway/origin-request.ts";
import { PublicAddress } from "../../../src/gateway/public-address.ts";
import { bearerToken } from "../../../src/http/bearer-token.ts";
import { looksLikeKey, mintKey, pepperOf } from "../../../src/keys/key-text.ts";
import { networkOf } from "../../../src/keys/lookup-throttle.ts";
import { isRefusal } from "../../../src/refusals.ts";

const PEPPER = "a pepper";

/** Random texts with many of the given pieces. */
function textOf(...pieces: string[]): fc.Arbitrary<string> {
  const piece = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ maxLength: 3 }));
  return fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(""));
}

/** Valid header values: latin1 without NUL and line ends, trimmed. */
function headerText(...pieces: string[]): fc.Arbitrary<string> {
  return textOf(...pieces).map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim());
}

test("an accepted path occurs byte for byte in the URL, and no parser reads it differently", () => {
  const path = textOf(
    "/",
    "/v1/",
    "posts",
    "..",
    ".",
    "%2e",
    "%2f",
    "%",
    "\\",
    "?",
    "#",
    ";",
    "@",
    ":",
    "é",
    "\0",
  );
  fc.assert(
    fc.property(path, (text) => {
      const url = `http://api.octopost.ink/${text}`;
      const request = { url, method: "GET", headers: new Headers() } as Request;
      const accepted = acceptRequest(request);
      if (isRefusal(accepted)) return;
      const sent = `http://origin.example${accepted.path}${accepted.query}`;
      expect(new URL(sent).pathname).toBe(accepted.path);
      expect(decodeURIComponent(accepted.path)).toBe(accepted.path);
      expect(accepted.path.split("/").slice(2)).not.toContain("");
      expect(accepted.query === "" || url.endsWith(accepted.query)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("a token is the rest after Bearer and spaces", () => {
  const naive = (text: string): string | undefined => {
    const at = text.indexOf(" ");
    if (at !== 6 || text.slice(0, at).toLowerCase() !== "bearer") return undefined;
    const rest = text.slice(at).replaceAll(" ", "");
    return rest !== "" && text.endsWith(rest) ? rest : undefined;
  };
  fc.assert(
    fc.property(headerText("Bearer", "bearer", " ", "\t", "oct_live_x", ",", "Basic", "\xa0"), (text) => {
      const token = bearerToken(text);
      expect(typeof token === "string" ? token : undefined).toBe(naive(text));
    }),
    { numRuns: 5000 },
  );
});

test("Connection yields lower-case names of deletable headers, whatever its value", () => {
  fc.assert(
    fc.property(headerText("close", ",", " ", "X-Octopost-Account", "ﬀ", "(", "\t", "keep-alive"), (text) => {
      const headers = new Headers({ Connection: text });
      const listed = text.split(",").map((name) => name.trim().toLowerCase());
      for (const name of namesIn(headers.get("Connection"))) {
        expect(listed).toContain(name);
        headers.delete(name);
      }
      for (const name of ["close", "keep-alive", "x-octopost-account"]) {
        expect(namesIn(new Headers({ Connection: text }).get("Connection")).has(name)).toBe(
          listed.includes(name),
        );
      }
    }),
    { numRuns: 3000 },
  );
});

describe("FORWARD_HEADERS", () => {
  const NEVER = ["authorization", "cookie", "x-api-key", "x-octopost-account", "x-forwarded-for", "forwarded"]
    .concat(["connection", "transfer-encoding", "upgrade", "te", "host", "cf-connecting-ip", "x-request-id"])
    .concat(["proxy-authorization", "x-auth-token", "via", "expect", "x-real-ip", "session"]);
  const respelled = fc
    .tuple(
      fc.constantFrom(...NEVER),
      fc.infiniteStream(fc.tuple(fc.boolean(), fc.constantFrom("-", "_", "."))),
    )
    .map(([name, choices]) =>
      [...name]
        .map((char) => {
          const [upper, dash] = choices.next().value;
          return char === "-" ? dash : upper ? char.toUpperCase() : char;
        })
        .join(""),
    );

  test("never allows a credential, a gateway header or a hop-by-hop header, in any spelling", () => {
    const around = fc.constantFrom("", "X-Team, ", "x-team ");
    fc.assert(
      fc.property(respelled, around, (name, before) => {
        expect(v.safeParse(forwardHeaders, `${before}${name}`).success, name).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test("is refused, or contains valid header names only", () => {
    fc.assert(
      fc.property(textOf("x-team", ",", " ", "\n", ":", "ſession", "X_A"), (text) => {
        const { success, output } = v.safeParse(forwardHeaders, text);
        if (success) for (const name of output) new Headers().set(name, "value");
      }),
      { numRuns: 2000 },
    );
  });
});

test("any cursor is parsed or refused", () => {
  fc.assert(
    fc.property(textOf("-", "1", "key_", "0".repeat(22), "9".repeat(16), "e", "NaN", "'"), (text) => {
      for (const field of [keyCursorField, eventCursorField]) {
        const { success, output } = v.safeParse(field, text);
        if (!success) continue;
        const at = typeof output === "object" ? output.createdAt : output;
        expect(Number.isFinite(at)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a key with any change is refused", async () => {
  const key = await mintKey("live", "acct_1", PEPPER);
  expect(looksLikeKey(key) && (await pepperOf(key, [PEPPER]))).toBe(PEPPER);
  const change = fc.tuple(
    fc.nat(key.length),
    fc.nat(2),
    fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom("0", "a", "A")),
  );
  await fc.assert(
    fc.asyncProperty(change, async ([at, removed, put]) => {
      const text = key.slice(0, at) + put + key.slice(at + removed);
      fc.pre(text !== key);
      expect(looksLikeKey(text) && (await pepperOf(text, [PEPPER])) !== null, text).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test("no Location and no Link leads a client to the origin's host, whatever its spelling", () => {
  const publicOrigin = "https://api.octopost.ink";
  const origin = "origin.internal:8443";
  const address = new PublicAddress(publicOrigin, `https://${origin}`);
  const location = headerText(
    "https:",
    "HTTPS:",
    "http:",
    "/",
    "//",
    "\\",
    origin,
    "ORIGIN.internal:8443",
    "@",
    "?",
    "#",
    ".",
  );
  fc.assert(
    fc.property(location, (text) => {
      const reached = (location: string | null) =>
        URL.parse(location ?? "", `${publicOrigin}/v1/posts`)?.host;
      expect(reached(address.translate(text, "url"))).not.toBe(origin);
      const link = address.translate(`<${text}>; rel=next`, "links");
      expect(reached(/^<([^>]*)>/.exec(link ?? "")?.[1] ?? "")).not.toBe(origin);
    }),
    { numRuns: 5000 },
  );
});

test("two IPv6 addresses share a network if and only if their first 64 bits are equal", () => {
  const groups = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });
  const written = (address: number[]) =>
    new URL(`http://[${address.map((group) => group.toString(16)).join(":")}]`);
  const networkOfGroups = (address: number[]) => networkOf(written(address).hostname.slice(1, -1));
  fc.assert(
    fc.property(groups, groups, fc.nat(8), fc.boolean(), (one, other, shared, zeros) => {
      const [a, b] = [zeros ? one.map((group) => group & 1) : one, other];
      const sharing = [...a.slice(0, shared), ...b.slice(shared)];
      const same = a.slice(0, 4).join() === sharing.slice(0, 4).join();
      expect(networkOfGroups(a) === networkOfGroups(sharing)).toBe(same);
    }),
    { numRuns: 2000 },
  );
});
