// The check of the settings: complete and well-formed, or refused with the name of the first invalid one.

import { describe, expect, test } from "vitest";
import type { Env } from "../src/env.ts";
import { readSettings } from "../src/settings.ts";

/** The private key of RFC 8037, appendix A.1, which is public. */
const SIGNING_KEY = {
  kty: "OKP",
  crv: "Ed25519",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};
const { d: _, ...PUBLIC_KEY } = SIGNING_KEY;

const GOOD = {
  API_KEYS: { get() {} },
  KEY_LEDGER: { getByName() {} },
  FAILED_LOOKUPS: { limit() {} },
  LIVE_ORIGIN: "https://live.example.com",
  SANDBOX_ORIGIN: "https://sandbox.example.com",
  LEASE_MS: 1000,
  LEASE_MARGIN_MS: 200,
  LEDGER_TIMEOUT_MS: 2000,
  ORIGIN_TIMEOUT_MS: 30_000,
  FORWARD_HEADERS: "",
  CONTROL_HOST: "",
  PUBLIC_ORIGIN: "https://api.example.com",
  PORTAL_RETURN_HOSTS: "example.com, www.example.com:8443",
  KEY_PEPPER: "a pepper that is long enough",
  CONTROL_TOKEN: "a-token-that-is-long-enough",
  ASSERTION_KEY: JSON.stringify(SIGNING_KEY),
  METRICS: "off",
  LOG_SAMPLE_RATE: 0.01,
};

const BINDINGS = ["API_KEYS", "KEY_LEDGER", "FAILED_LOOKUPS"];
const TIMES = ["LEASE_MS", "LEASE_MARGIN_MS", "LEDGER_TIMEOUT_MS", "ORIGIN_TIMEOUT_MS"];
const SECRETS = ["KEY_PEPPER", "CONTROL_TOKEN", "ASSERTION_KEY"];
const REQUIRED = [
  ...BINDINGS,
  "LIVE_ORIGIN",
  "PUBLIC_ORIGIN",
  ...TIMES,
  ...SECRETS,
  "METRICS",
  "LOG_SAMPLE_RATE",
];
const OPTIONAL = [
  "SANDBOX_ORIGIN",
  "LEASE_MAX_MS",
  "LEDGER_LOCATION",
  "FORWARD_HEADERS",
  "CONTROL_HOST",
  "PORTAL_RETURN_HOSTS",
  "DOCS_URL",
  "LEGACY_KEYS",
  "DEFAULT_TIER",
  "KEY_PEPPER_PREVIOUS",
  "CONTROL_TOKEN_PREVIOUS",
  "CONTROL_CREDENTIALS",
  "EXPOSED_KEYS",
  "SECRET_SCANNING_KEYS_URL",
  "SERVER_TIMING",
];
const ORIGINS = ["LIVE_ORIGIN", "SANDBOX_ORIGIN", "PUBLIC_ORIGIN"];

test("reads well-formed settings", () => {
  expect(settingsWith({})).toEqual({
    liveOrigin: "https://live.example.com",
    sandboxOrigin: "https://sandbox.example.com",
    leaseMs: 1000,
    leaseMaxMs: 5000,
    leaseMarginMs: 200,
    ledgerTimeoutMs: 2000,
    ledgerLocation: null,
    originTimeoutMs: 30_000,
    forwardHeaders: [],
    controlHost: null,
    defaultTier: "free",
    publicOrigin: "https://api.example.com",
    docsUrl: null,
    portalReturnHosts: ["example.com", "www.example.com:8443"],
    acceptLegacyKeys: false,
    peppers: ["a pepper that is long enough"],
    controlTokens: ["a-token-that-is-long-enough"],
    controlCredentials: [],
    assertionKeys: {
      signing: { ...SIGNING_KEY, alg: "EdDSA", kid: "11qYAYKx" },
      published: [{ ...PUBLIC_KEY, alg: "EdDSA", use: "sig", kid: "11qYAYKx" }],
    },
    webhooks: null,
    exposedKeys: "revoke",
    secretScanningKeysUrl: "https://api.github.com/meta/public_keys/secret_scanning",
    usage: null,
    logSampleRate: 0.01,
    serverTiming: false,
  });
});

describe("refuses settings without", () => {
  test.each(REQUIRED)("%s", (name) => {
    expect(settingsWith({ [name]: undefined })).toEqual(invalid(name));
    expect(settingsWith({ [name]: null })).toEqual(invalid(name));
    expect(settingsWith({ [name]: "" })).toEqual(invalid(name));
  });

  test("any of them", () => {
    expect(readSettings({} as Env)).toEqual(invalid("API_KEYS"));
  });
});

describe("accepts settings without", () => {
  test.each(OPTIONAL)("%s, missing or empty", (name) => {
    const settings = settingsWith({ [name]: undefined });
    expect(settings).not.toHaveProperty("reason");
    expect(settingsWith({ [name]: "" })).toEqual(settings);
  });

  test("a sandbox", () => {
    expect(settingsWith({ SANDBOX_ORIGIN: "" })).toMatchObject({ sandboxOrigin: null });
  });
});

/** Malformed values; each contains a text that must not appear in the refusal. */
const MALFORMED: [name: string, values: unknown[]][] = [
  ...BINDINGS.map((name): [string, unknown[]] => [name, ["SECRET", 1, {}, { SECRET() {} }]]),
  ...ORIGINS.map((name): [string, unknown[]] => [
    name,
    [
      "SECRET",
      "live.example.com",
      "//live.example.com",
      "https://",
      "https://live.example.com/SECRET",
      "https://live.example.com/?SECRET",
      "https://live.example.com/#SECRET",
      "https://SECRET@live.example.com",
      "https://user:SECRET@live.example.com",
      "https://:SECRET@live.example.com",
      "ftp://live.example.com",
      "javascript:SECRET",
      "http://live.example.com",
      "http://localhost.example.com",
      "http://127.0.0.1.example.com",
      "http://10.0.0.1",
      "https://live.example.com:99999",
      "https://live.example.com https://sandbox.example.com",
      1,
      {},
      ["https://live.example.com"],
    ],
  ]),
  ...TIMES.map((name): [string, unknown[]] => [
    name,
    [
      "SECRET",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x10",
      " 1000",
      "1000 ",
      "1000\n",
      "1,000",
      "9999999999",
      "١٠٠",
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e9,
      true,
      null,
      [1000],
      {},
    ],
  ]),
  ["LEASE_MARGIN_MS", [0, "0", 10_001]],
  ["LEASE_MS", [0, 99, "99", 60_001, "60001"]],
  // Shorter than LEASE_MS; longer than the margin covers.
  ["LEASE_MAX_MS", ["SECRET", "5s", " 5000", -1, 1.5, null, true, 0, 999, 7501, 60_001]],
  [
    "DOCS_URL",
    [
      "SECRET",
      "/SECRET",
      "http://docs.octopost.ink/SECRET",
      "https://docs.octopost.ink/#SECRET",
      "https://user:SECRET@docs.octopost.ink/",
      "javascript:SECRET",
      1,
    ],
  ],
  ["LEDGER_TIMEOUT_MS", [0, 60_001]],
  ["ORIGIN_TIMEOUT_MS", [0, 600_001]],
  ["KEY_PEPPER", ["SECRET", "fifteen letters", 1234567890123456, ["a pepper that is long enough"]]],
  ["KEY_PEPPER_PREVIOUS", ["SECRET", "fifteen letters", 1234567890123456]],
  ["PORTAL_RETURN_HOSTS", ["https://SECRET", "SECRET/", "good.example SECRET/", ", ,SECRET", "*.SECRET", 1]],
  // A token with a space, a line break or a non-ASCII letter cannot be sent in a header.
  ...["CONTROL_TOKEN", "CONTROL_TOKEN_PREVIOUS"].map((name): [string, unknown[]] => [
    name,
    [
      "SECRET",
      "fifteen-letters",
      "SECRET with spaces that is long enough",
      " SECRET-that-is-long-enough",
      "SECRET-that-is-long-enough\n",
      "SECRET\tthat-is-long-enough",
      "SECRET-that-is-löng-enough",
      1234567890123456,
    ],
  ]),
  [
    "CONTROL_HOST",
    [
      "https://SECRET",
      "SECRET/",
      "SECRET:8787:8787",
      "a b",
      "Control.Example.com",
      "a.example.",
      "a.example:443",
      "1.2.3.4.5",
      1,
    ],
  ],
  ["LEGACY_KEYS", ["SECRET", "true", "1", true, "ACCEPT"]],
  ["EXPOSED_KEYS", ["SECRET", "Revoke", "delete", true]],
  ["SECRET_SCANNING_KEYS_URL", ["SECRET", "http://keys.example/SECRET", "https://u:SECRET@keys.example/", 1]],
  ["SERVER_TIMING", ["SECRET", "true", "off", true]],
  ["DEFAULT_TIER", ["SECRET", "Free", "gold", 1, null, { requests_per_minute: 1, publish_per_hour: 1 }]],
  ["LEDGER_LOCATION", ["SECRET", "WEUR", "weur ", "eu", 1, ["weur"]]],
  ["METRICS", ["SECRET", "ON", true, 1]],
  ["USAGE", ["SECRET", {}, { SECRET() {} }]],
  ["LOG_SAMPLE_RATE", ["SECRET", "1.1", "-0.1", "0,5", ".5", "1e-3", " 0.5", 1.1, -0.1, Number.NaN, true]],
  [
    "ASSERTION_KEY",
    [
      "SECRET",
      "{}",
      "null",
      SIGNING_KEY,
      JSON.stringify(PUBLIC_KEY),
      JSON.stringify([SIGNING_KEY]),
      JSON.stringify({ ...SIGNING_KEY, d: "SECRET" }),
      JSON.stringify({ ...SIGNING_KEY, d: `${SIGNING_KEY.d}=` }),
      JSON.stringify({ ...SIGNING_KEY, x: undefined }),
      JSON.stringify({ ...SIGNING_KEY, kty: "EC" }),
      JSON.stringify({ ...SIGNING_KEY, crv: "X25519" }),
      JSON.stringify({ ...SIGNING_KEY, kid: "" }),
      JSON.stringify({ keys: [] }),
      JSON.stringify({ keys: SIGNING_KEY }),
      JSON.stringify({ keys: [PUBLIC_KEY, SIGNING_KEY] }),
      JSON.stringify({ keys: [SIGNING_KEY, { ...PUBLIC_KEY, crv: "X25519" }] }),
    ],
  ],
];

describe("names a malformed setting, never its value", () => {
  test.each(MALFORMED)("%s", (name, values) => {
    for (const value of values) {
      expect(settingsWith({ [name]: value }), String(value)).toEqual(invalid(name));
    }
  });

  test("the first of several", () => {
    expect(settingsWith({ LEASE_MS: "SECRET", KEY_PEPPER: undefined, LIVE_ORIGIN: "SECRET" })).toEqual(
      invalid("LIVE_ORIGIN"),
    );
  });
});

describe("a time", () => {
  test.each(TIMES)("%s may be a number or its digits", (name) => {
    expect(settingsWith({ [name]: "1500" })).toEqual(settingsWith({ [name]: 1500 }));
    expect(settingsWith({ [name]: 1500 })).not.toHaveProperty("reason");
  });

  test("LEASE_MS is from 100 to 60000", () => {
    for (const LEASE_MS of [100, 60_000]) {
      expect(settingsWith({ LEASE_MS, LEASE_MARGIN_MS: 2000 })).toMatchObject({ leaseMs: LEASE_MS });
    }
  });

  test("LEASE_MAX_MS is from LEASE_MS to what the margin covers", () => {
    for (const LEASE_MAX_MS of [1000, 7500]) {
      expect(settingsWith({ LEASE_MAX_MS })).toMatchObject({ leaseMaxMs: LEASE_MAX_MS });
      expect(settingsWith({ LEASE_MAX_MS: `${LEASE_MAX_MS}` })).toMatchObject({ leaseMaxMs: LEASE_MAX_MS });
    }
  });

  test.each([
    [1000, 200, 5000],
    [1000, 100, 2500],
    [200, 54, 200],
    [10_000, 1000, 10_000],
  ])(
    "without LEASE_MAX_MS, leases of %i ms with a margin of %i last at most %i",
    (LEASE_MS, LEASE_MARGIN_MS, leaseMaxMs) => {
      expect(settingsWith({ LEASE_MS, LEASE_MARGIN_MS })).toMatchObject({ leaseMaxMs });
    },
  );
});

describe("an origin", () => {
  test.each([
    ["https://live.example.com", "https://live.example.com"],
    ["https://live.example.com/", "https://live.example.com"],
    ["HTTPS://Live.Example.COM:443/", "https://live.example.com"],
    ["https://live.example.com:8443", "https://live.example.com:8443"],
    ["http://localhost:9101", "http://localhost:9101"],
    ["http://127.0.0.1:9101", "http://127.0.0.1:9101"],
    ["http://[::1]:9101", "http://[::1]:9101"],
  ])("%s is kept as %s", (value, origin) => {
    expect(settingsWith({ LIVE_ORIGIN: value })).toMatchObject({ liveOrigin: origin });
    expect(settingsWith({ SANDBOX_ORIGIN: value, LIVE_ORIGIN: "https://other.example.com" })).toMatchObject({
      sandboxOrigin: origin,
    });
  });

  test.each([
    "https://live.example.com",
    "https://live.example.com/",
    "https://live.example.com:443",
    "https://LIVE.example.com",
    "HTTPS://live.example.com",
    "https://live.example.com.",
  ])("of the sandbox is never the live one: %s", (value) => {
    expect(settingsWith({ SANDBOX_ORIGIN: value })).toEqual(invalid("SANDBOX_ORIGIN"));
  });
});

describe("FORWARD_HEADERS", () => {
  test.each([
    ["X-Custom", ["x-custom"]],
    ["X-Custom, X-Other", ["x-custom", "x-other"]],
    ["x-custom x-other", ["x-custom", "x-other"]],
    ["\n  X-Custom,\n\tX-Other,\n", ["x-custom", "x-other"]],
    ["X_Custom", ["x_custom"]],
    ["X-Octopus", ["x-octopus"]],
    ["Forwarded-By", ["forwarded-by"]],
    ["Upgrade-Insecure-Requests", ["upgrade-insecure-requests"]],
    [" ", []],
  ])("%j adds %j", (value, names) => {
    expect(settingsWith({ FORWARD_HEADERS: value })).toMatchObject({ forwardHeaders: names });
  });

  test.each([
    "Authorization",
    "Proxy-Authorization",
    "X-Authorization",
    "Cookie",
    "Cookie2",
    "X-Api-Key",
    "Api-Key",
    "Apikey",
    "X-Auth-Token",
    "X-Auth",
    "X-Access-Token",
    "Private-Token",
    "X-Client-Secret",
    "Session",
    "X-Octopost-Account",
    "X-Octopost-Key-Id",
    "X-Octopost-Mode",
    "X-Octopost-Permissions",
    "X-Octopost-Assertion",
    "X-Octopost-Anything",
    "X-Request-Id",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Anything",
    "X-Real-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
    "Via",
    "Host",
    "Connection",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
    "Expect",
  ])("can never add %s, in any spelling", (name) => {
    const spellings = [
      name,
      name.toLowerCase(),
      name.toUpperCase(),
      name.replaceAll("-", "_"),
      name.replaceAll("-", "."),
      name.replace("-", "_").toUpperCase(),
    ];
    for (const spelling of spellings) {
      for (const value of [spelling, `X-Custom, ${spelling}`, `${spelling}\tX-Custom`, `,${spelling},`]) {
        expect(settingsWith({ FORWARD_HEADERS: value }), value).toEqual(invalid("FORWARD_HEADERS"));
      }
    }
  });

  test.each(["X-Custom: SECRET", "X;Custom", "X(Custom)", '"X-Custom"', "X-Cüstom", "X\u0000Custom"])(
    "refuses %j, which is not a header name",
    (value) => {
      expect(settingsWith({ FORWARD_HEADERS: value })).toEqual(invalid("FORWARD_HEADERS"));
    },
  );

  test("must be a string", () => {
    for (const value of [1, true, ["X-Custom"], {}]) {
      expect(settingsWith({ FORWARD_HEADERS: value })).toEqual(invalid("FORWARD_HEADERS"));
    }
  });
});

describe("ASSERTION_KEY", () => {
  test("may be a set: its first key signs, and all are published without private parts", () => {
    const next = { ...SIGNING_KEY, x: "A".repeat(43), kid: "next" };
    const keys = JSON.stringify({ keys: [{ ...SIGNING_KEY, kid: "current" }, next] });
    expect(settingsWith({ ASSERTION_KEY: keys })).toMatchObject({
      assertionKeys: {
        signing: { ...SIGNING_KEY, alg: "EdDSA", kid: "current" },
        published: [
          { ...PUBLIC_KEY, alg: "EdDSA", use: "sig", kid: "current" },
          { ...PUBLIC_KEY, alg: "EdDSA", use: "sig", x: next.x, kid: "next" },
        ],
      },
    });
  });

  test("is published without other members of the JWK", () => {
    const settings = settingsWith({ ASSERTION_KEY: JSON.stringify({ ...SIGNING_KEY, note: "SECRET" }) });
    expect(JSON.stringify(settings)).not.toContain("SECRET");
    const { assertionKeys } = settings as { assertionKeys: { published: object } };
    expect(JSON.stringify(assertionKeys.published)).not.toContain(SIGNING_KEY.d);
  });
});

test.each(["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"])(
  "LEDGER_LOCATION may be %s",
  (location) => {
    expect(settingsWith({ LEDGER_LOCATION: location })).toMatchObject({ ledgerLocation: location });
  },
);

test.each(["free", "starter", "pro", "unlimited"])("DEFAULT_TIER may be %s", (tier) => {
  expect(settingsWith({ DEFAULT_TIER: tier })).toMatchObject({ defaultTier: tier });
});

describe("DOCS_URL", () => {
  test.each([
    ["https://docs.octopost.ink/errors", "https://docs.octopost.ink/errors"],
    ["https://docs.octopost.ink", "https://docs.octopost.ink/"],
    ["https://docs.octopost.ink/?page=errors", "https://docs.octopost.ink/?page=errors"],
    ["http://localhost:3000/errors", "http://localhost:3000/errors"],
  ])("may be %s", (url, docsUrl) => {
    expect(settingsWith({ DOCS_URL: url })).toMatchObject({ docsUrl });
  });

  test("is null when it is empty", () => {
    expect(settingsWith({ DOCS_URL: "" })).toMatchObject({ docsUrl: null });
  });
});

describe("METRICS", () => {
  const USAGE = { writeDataPoint() {} };

  test("on, require the dataset", () => {
    expect(settingsWith({ METRICS: "on" })).toEqual(invalid("USAGE"));
    expect(settingsWith({ METRICS: "on", USAGE })).toMatchObject({ usage: USAGE });
  });

  test("off, have no dataset", () => {
    expect(settingsWith({ METRICS: "off", USAGE })).toMatchObject({ usage: null });
  });
});

test.each([
  [0, 0],
  [1, 1],
  ["0.25", 0.25],
  ["1", 1],
])("LOG_SAMPLE_RATE may be %j", (value, rate) => {
  expect(settingsWith({ LOG_SAMPLE_RATE: value })).toMatchObject({ logSampleRate: rate });
});

test.each(["control.example.com", "localhost:8787", "keys-1.example.com:8443"])(
  "CONTROL_HOST may be %s",
  (host) => {
    expect(settingsWith({ CONTROL_HOST: host })).toMatchObject({ controlHost: host });
  },
);

test("the previous pepper and token follow the current ones", () => {
  const previous = {
    KEY_PEPPER_PREVIOUS: "the pepper before this one",
    CONTROL_TOKEN_PREVIOUS: "the-token-before-this-one",
  };
  expect(settingsWith(previous)).toMatchObject({
    peppers: ["a pepper that is long enough", "the pepper before this one"],
    controlTokens: ["a-token-that-is-long-enough", "the-token-before-this-one"],
  });
});

describe("EVENTS_URL and EVENTS_SECRET", () => {
  const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;
  const EVENTS_URL = "https://hooks.octopost.ink/keys";

  test("are set both or neither", () => {
    expect(settingsWith({ EVENTS_URL })).toEqual(invalid("EVENTS_SECRET"));
    expect(settingsWith({ EVENTS_SECRET: secret(32) })).toEqual(invalid("EVENTS_SECRET"));
    expect(settingsWith({ EVENTS_URL: "", EVENTS_SECRET: "" })).toMatchObject({ webhooks: null });
    expect(settingsWith({ EVENTS_URL, EVENTS_SECRET: secret(32) })).toMatchObject({
      webhooks: { url: EVENTS_URL, secrets: [new Uint8Array(32).fill(7)] },
    });
  });

  test("may have two secrets, and plain http on loopback only", () => {
    const two = { EVENTS_URL: "http://127.0.0.1:9/x", EVENTS_SECRET: `${secret(24)} ${secret(64)}` };
    expect(settingsWith(two)).toMatchObject({
      webhooks: { url: "http://127.0.0.1:9/x", secrets: [{ length: 24 }, { length: 64 }] },
    });
    for (const url of [
      "http://hooks.octopost.ink/",
      "SECRET",
      "https://u:SECRET@x.example/",
      "ftp://x.example",
    ])
      expect(settingsWith({ ...two, EVENTS_URL: url }), url).toEqual(invalid("EVENTS_URL"));
  });

  test.each([
    "SECRET",
    "whsec_",
    secret(23),
    secret(65),
    `${secret(32)} `,
    `${secret(32)}  ${secret(32)}`,
    `${secret(32)} ${secret(32)} ${secret(32)}`,
    `${secret(32)}=`,
    secret(32).replace("whsec_", "WHSEC_"),
  ])("refuse the secret %j", (value) => {
    expect(settingsWith({ EVENTS_URL, EVENTS_SECRET: value })).toEqual(invalid("EVENTS_SECRET"));
  });
});

describe("CONTROL_CREDENTIALS", () => {
  const CREDENTIAL = { name: "ci", sha256: "0a".repeat(32), may: ["keys:read"] };

  test("are read with their rights and accounts; two entries may have one name", () => {
    const list = [
      CREDENTIAL,
      { ...CREDENTIAL, sha256: "0b".repeat(32) },
      { name: "dash-board_2.x", sha256: "0c".repeat(32), may: ["portal", "operate"], accounts: ["acme"] },
    ];
    expect(settingsWith({ CONTROL_CREDENTIALS: JSON.stringify(list) })).toMatchObject({
      controlCredentials: list,
    });
  });

  test.each([
    ["text that is not JSON", "SECRET"],
    ["no list", JSON.stringify(CREDENTIAL)],
    ["a list that is no text", [CREDENTIAL]],
    ["no name", entry({ name: undefined })],
    ["a name with a space", entry({ name: "SECRET name" })],
    ["a name of the gateway's own", entry({ name: "key_page" })],
    ["a token in place of its SHA-256", entry({ sha256: "SECRET" })],
    ["a SHA-256 in capitals", entry({ sha256: "0A".repeat(32) })],
    ["no rights", entry({ may: [] })],
    ["a right that does not exist", entry({ may: ["SECRET"] })],
    ["accounts that are no list", entry({ accounts: "acme" })],
    ["an empty list of accounts", entry({ accounts: [] })],
    ["a malformed account", entry({ accounts: ["no account"] })],
    ["a misspelled field", entry({ acounts: ["acme"] })],
    ["one token twice", JSON.stringify([CREDENTIAL, { ...CREDENTIAL, name: "other" }])],
  ])("with %s are refused, and never shown", (_, value) => {
    expect(settingsWith({ CONTROL_CREDENTIALS: value })).toEqual(invalid("CONTROL_CREDENTIALS"));
  });

  function entry(changes: object): string {
    return JSON.stringify([{ ...CREDENTIAL, ...changes }]);
  }
});

/** Reads good settings with changes. */
function settingsWith(changes: Record<string, unknown>): unknown {
  return readSettings({ ...GOOD, ...changes } as unknown as Env);
}

function invalid(setting: string) {
  return { reason: "invalid_setting", setting };
}
