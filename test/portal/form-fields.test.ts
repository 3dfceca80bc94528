/**
 * What a form may contain: a field that is missing, blank, sent twice or malformed is answered with 422, and nothing
 * is done. A missing field is never a choice.
 */

import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { RawResponse } from "../support/raw-http.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
let session: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  cluster = await sharedKeyPage();
  session = await signIn(cluster);
});

type Fields = readonly (readonly [name: string, value: string])[];

/** Submits a form of this session; a field may be given more than once. */
async function submit(path: string, fields: Fields): Promise<RawResponse> {
  const { cookie, origin, token } = session;
  const form = new URLSearchParams([["form_token", token], ...fields.map(([name, value]) => [name, value])]);
  return await requestPage(cluster, `/portal${path}`, [cookie, origin], form);
}

/** The fields without one, or with another value for it; a list of values sends it several times. */
function changed(fields: Fields, name: string, values: readonly string[]): Fields {
  return [...fields.filter(([one]) => one !== name), ...values.map((value) => [name, value] as const)];
}

const newFormId = () => crypto.randomUUID();
const newKey = (): Fields => [
  ["form_id", newFormId()],
  ["form_made_at", String(Date.now())],
  ["name", "A key"],
  ["mode", "test"],
  ["access", "selected"],
  ["permissions", "posts:read"],
  ["expires", "30"],
  ["expires_on", ""],
];

describe("the form of a new key", () => {
  test("creates a key when it is complete", async () => {
    const response = await submit("/keys/new", newKey());
    expect(response.status).toBe(303);
  });

  test.each<[string, string, readonly string[]]>([
    ["without form_id", "form_id", []],
    ["with a blank form_id", "form_id", [""]],
    ["with CRLF in form_id", "form_id", ["1\r\nSet-Cookie: a=b"]],
    ["with NUL in form_id", "form_id", ["1\0"]],
    ["with a slash in form_id", "form_id", ["../keys"]],
    ["with an overlong form_id", "form_id", ["x".repeat(65)]],
    ["with two form_ids", "form_id", ["1", "2"]],
    ["without form_made_at", "form_made_at", []],
    ["with form_made_at=1e300", "form_made_at", ["1e300"]],
    ["with form_made_at=-1", "form_made_at", ["-1"]],
    ["with form_made_at=NaN", "form_made_at", ["NaN"]],
    ["with form_made_at=Infinity", "form_made_at", ["Infinity"]],
    ["with form_made_at past the range of dates", "form_made_at", ["8640000000000001"]],
    ["with form_made_at in 1970", "form_made_at", ["1"]],
    ["with form_made_at in the far future", "form_made_at", ["9999999999999"]],
    ["without a name", "name", []],
    ["with two names", "name", ["One", "Two"]],
    ["with NUL in the name", "name", ["a\0b"]],
    ["without a mode", "mode", []],
    ["with a blank mode", "mode", [""]],
    ["with two modes", "mode", ["test", "live"]],
    ["with mode=constructor", "mode", ["constructor"]],
    ["without an access", "access", []],
    ["with a blank access", "access", [""]],
    ["with two accesses", "access", ["selected", "full"]],
    ["with access=constructor", "access", ["constructor"]],
    ["with selected permissions, of which there are none", "permissions", []],
    ["with an unknown permission", "permissions", ["posts:read", "posts:destroy"]],
    ["with permissions=__proto__", "permissions", ["__proto__"]],
    ["without an expiry", "expires", []],
    ["with a blank expiry", "expires", [""]],
    ["with two expiries", "expires", ["30", "never"]],
    ["with expires=0", "expires", ["0"]],
    ["with expires=1e3", "expires", ["1e3"]],
    ["with expires=constructor", "expires", ["constructor"]],
    ["with expires=date and no date", "expires", ["date"]],
    ["with a name of spaces", "name", ["  "]],
    ["with allowed_ips twice", "allowed_ips", ["203.0.113.7", "203.0.113.8"]],
    ["with a host name in allowed_ips", "allowed_ips", ["octopost.ink"]],
    ["with one limit of two", "publish_per_hour", ["5"]],
    ["with a limit twice", "publish_per_hour", ["5", "6"]],
    ["with a label without a value", "labels", ["team"]],
    ["with a label twice", "labels", ["team: a\nteam: b"]],
    ["with the label __proto__", "labels", ["__proto__: a"]],
    ["with the label constructor", "labels", ["constructor: a"]],
    ["with 21 labels", "labels", [Array.from({ length: 21 }, (_, i) => `l${i}: x`).join("\n")]],
  ])("%s creates nothing", async (_, name, values) => {
    const before = (await session.owner.keys()).length;
    const response = await submit("/keys/new", changed(newKey(), name, values));
    expect(response.status).toBe(422);
    expect(response.body.toString()).toContain('role="alert"');
    expect((await session.owner.keys()).length).toBe(before);
  });

  test.each(["2027-02-30", "2027-13-01", "0000-01-01", "9999-99-99", "1e300", "2027-01-01T00:00", "\0"])(
    "with the date %j creates nothing",
    async (date) => {
      const before = (await session.owner.keys()).length;
      const fields = changed(changed(newKey(), "expires", ["date"]), "expires_on", [date]);
      expect((await submit("/keys/new", fields)).status).toBe(422);
      expect((await session.owner.keys()).length).toBe(before);
    },
  );
});

describe("a date that cannot be", () => {
  const dates: [string, string][] = [
    ["2027-02-31", "is a date that does not exist"],
    ["2027-02-29", "is a date that does not exist"],
    ["2027-13-01", "is a date that does not exist"],
    ["2027-00-10", "is a date that does not exist"],
    ["31.12.2027", "must be a date"],
    ["soon", "must be a date"],
    ["2020-01-01", "must be in the future"],
  ];

  test.each(dates)("of a new key's end, %s: %s", async (date, text) => {
    const fields = changed(changed(newKey(), "expires", ["date"]), "expires_on", [date]);
    const page = (await submit("/keys/new", fields)).body.toString();
    expect(problemsOf(page)).toEqual([expect.stringContaining(text)]);
  });

  test("of a revocation", async () => {
    const key = await session.owner.create({ name: "Retiring" });
    await session.owner.rotate(key.id, 86_400);
    const times = ["24:30", "25:00", "12:60"].map((time) => [
      `2027-03-01T${time}`,
      "is a date that does not exist",
    ]);
    for (const [at = "", text] of [...dates.map(([date, text]) => [`${date}T00:00`, text]), ...times]) {
      const fields: Fields = [
        ["when", "date"],
        ["at", at],
      ];
      const page = (await submit(`/keys/${key.id}/end`, fields)).body.toString();
      expect([at, ...problemsOf(page)]).toEqual([at, expect.stringContaining(text ?? "")]);
    }
  });

  function problemsOf(page: string): string[] {
    return [...page.matchAll(/<p class="problem" id="[^"]*">([^<]*)<\/p>/g)].map(
      ([, text]) => text as string,
    );
  }
});

describe("the rotation form", () => {
  test.each<[string, readonly string[]]>([
    ["without overlap", []],
    ["with a blank overlap", [""]],
    ["with white space as overlap", [" "]],
    ["with two overlaps", ["3600", "86400"]],
    ["with overlap=60, which the form does not offer", ["60"]],
    ["with overlap=-3600", ["-3600"]],
    ["with overlap=3.6e3", ["3.6e3"]],
    ["with overlap=0xe10", ["0xe10"]],
    ["with overlap=NaN", ["NaN"]],
    ["with overlap=constructor", ["constructor"]],
    ["with an overlap that is too long", ["99999999"]],
  ])("%s keeps the old key and creates nothing", async (_, values) => {
    const key = await session.owner.create({ name: "Rotate me" });
    const before = (await session.owner.keys()).length;
    const fields = changed([["form_id", newFormId()]], "overlap", values);
    const response = await submit(`/keys/${key.id}/rotate`, fields);
    expect(response.status).toBe(422);
    expect(response.body.toString()).toContain("Keep the old key working for");
    expect(await session.owner.get(key.id)).toMatchObject({ revokes_at: null, revoked_at: null });
    expect((await session.owner.keys()).length).toBe(before);
    expect(await session.owner.statusOf(key.secret)).toBe(200);
  });

  test.each<[string, readonly string[]]>([
    ["without form_id", []],
    ["with CRLF in form_id", ["1\r\n2"]],
  ])("%s keeps the old key and creates nothing", async (_, values) => {
    const key = await session.owner.create({ name: "Rotate me" });
    const fields = changed([["overlap", "3600"]], "form_id", values);
    expect((await submit(`/keys/${key.id}/rotate`, fields)).status).toBe(422);
    expect(await session.owner.get(key.id)).toMatchObject({ revokes_at: null, revoked_at: null });
  });
});

describe("the form that schedules the revocation of the old key", () => {
  test.each<[string, Fields]>([
    ["without `when`", [["at", ""]]],
    ["with a blank `when`", [["when", ""]]],
    [
      "with two values of `when`",
      [
        ["when", "3600"],
        ["when", "never"],
      ],
    ],
    ["with when=0, which the form does not offer", [["when", "0"]]],
    ["with when=toString", [["when", "toString"]]],
    ["with when=date and no time", [["when", "date"]]],
    [
      "with a malformed time",
      [
        ["when", "date"],
        ["at", "1e300"],
      ],
    ],
    [
      "with a time in the past",
      [
        ["when", "date"],
        ["at", "2020-01-01T00:00"],
      ],
    ],
    [
      "with 30 February",
      [
        ["when", "date"],
        ["at", "2027-02-30T00:00"],
      ],
    ],
  ])("%s changes nothing", async (_, fields) => {
    const key = await session.owner.create({ name: "Retiring" });
    const { replaces } = await session.owner.rotate(key.id, 86_400);
    expect((await submit(`/keys/${key.id}/end`, fields)).status).toBe(422);
    expect((await session.owner.get(key.id)).revokes_at).toBe(replaces.revokes_at);
  });
});

test.each<[string, Fields]>([
  ["without a name", []],
  ["with a blank name", [["name", " "]]],
  [
    "with two names",
    [
      ["name", "One"],
      ["name", "Two"],
    ],
  ],
])("the rename form %s changes nothing", async (_, fields) => {
  const key = await session.owner.create({ name: "Before" });
  expect((await submit(`/keys/${key.id}/rename`, fields)).status).toBe(422);
  expect((await session.owner.get(key.id)).name).toBe("Before");
});

test.each([
  ["/test", "without a key"],
  ["/test/revoke", "without a key"],
])("the form %s %s says which field is required", async (path) => {
  for (const fields of [[], [["secret", ""]], [["secret", "  "]]] as Fields[]) {
    const response = await submit(path, fields);
    expect(response.status).toBe(422);
    expect(response.body.toString()).toContain("API key is required");
  }
});

test("a form id that is no form id is not found", async () => {
  for (const path of ["/new-keys/%0d%0a", "/new-keys/%00", `/new-keys/${"x".repeat(65)}`, "/new-keys/a.b"]) {
    expect((await requestPage(cluster, `/portal${path}`, [session.cookie])).status, path).toBe(404);
  }
});
