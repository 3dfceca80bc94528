// Every command of `npm run keys`, run against a gateway in workerd.
//
// Standard output has only the answer (with --json, the API's own document), standard error everything else. A key is
// printed once, when it is created.

import { createHash } from "node:crypto";
import { userInfo } from "node:os";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { printable } from "../../src/cli/keys/text-format.ts";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { type Keys, ownAccount, runKeys } from "./run-keys.ts";

const COPY_NOW = "Copy the key now";
const SECRET = /oct_(?:live|test)_[0-9A-Za-z]{46}/;

let cluster: GatewayCluster;
let account: string;
let keys: Keys;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(async () => {
  ({ account, keys } = ownAccount(cluster));
  await cluster.network.liftAllFaults();
});

async function use(secret: string): Promise<number> {
  const headers = [["Authorization", `Bearer ${secret}`]] as const;
  return (await rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/posts", headers })).status;
}

function newKey(name = "a key"): Promise<IssuedKey> {
  return cluster.createKey({ account, name });
}

async function shown(id: string): Promise<Record<string, unknown>> {
  return (await cluster.control("GET", `/accounts/${account}/keys/${id}`)).json;
}

describe("create", () => {
  test("prints the key once, with a warning on standard error, and the key works", async () => {
    const { code, stdout, stderr } = await keys([
      ...["create", "--name", "Production Server", "--mode", "live"],
      ...["--permissions", "posts:read,posts:write"],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name +Production Server$/m);
    expect(stdout).toMatch(/^permissions +posts:read,posts:write$/m);
    expect(stdout.match(new RegExp(SECRET, "g"))).toHaveLength(1);
    expect(stderr).toContain(COPY_NOW);
    expect(stderr).not.toMatch(SECRET);
    expect(await use(SECRET.exec(stdout)?.[0] ?? "")).toBe(200);
  });

  test("with --json prints the API's answer and nothing else", async () => {
    const { code, json, stderr } = await keys(["create", "--name", "CI", "--mode", "test", "--json"]);
    expect(code).toBe(0);
    const { secret, ...key } = json;
    expect(key).toEqual(await shown(key.id));
    expect(secret).toMatch(/^oct_test_/);
    expect(stderr).toContain(COPY_NOW);
  });

  test("accepts an expiry as a time, a date or a duration", async () => {
    const create = ["create", "--name", "a", "--mode", "live", "--json", "--expires"];
    expect((await keys([...create, "2099-01-31T12:00:00+02:00"])).json.expires_at).toBe(
      "2099-01-31T10:00:00.000Z",
    );
    expect((await keys([...create, "2099-01-31"])).json.expires_at).toBe("2099-01-31T00:00:00.000Z");
    const { expires_at, created_at } = (await keys([...create, "90d"])).json;
    expect(new Date(expires_at).getTime()).toBeLessThanOrEqual(Date.parse(created_at) + 90 * 86_400_000);
    expect(new Date(expires_at).getTime()).toBeGreaterThan(Date.parse(created_at) + 89 * 86_400_000);
  });

  test("names every invalid field and the request id, and exits with 1", async () => {
    const args = ["create", "--name", "x".repeat(101), "--mode", "live", "--expires", "2000-01-01"];
    const long = await keys(args);
    expect(long).toMatchObject({ code: 1, stdout: "" });
    expect(long.stderr).toMatch(/422 validation_error: Validation failed/);
    expect(long.stderr).toMatch(/^ {2}name: must have 1 to 100 characters$/m);
    expect(long.stderr).toMatch(/^ {2}request id: [0-9a-f-]{36}$/m);
    const past = await keys(["create", "--name", "x", "--mode", "live", "--expires", "2000-01-01", "--json"]);
    expect(past.code).toBe(1);
    expect(past.json).toEqual({
      error: "Validation failed",
      code: "validation_error",
      details: { expires_at: "must be in the future" },
    });
    expect(past.stderr).toContain("must be in the future");
  });

  test("records who says to have called: the user of this machine, or --actor", async () => {
    await keys(["create", "--name", "a", "--mode", "live"]);
    await keys(["create", "--name", "b", "--mode", "live", "--actor", "deploy bot 7"]);
    const { events } = (await keys(["events", "--json"])).json;
    expect(events.map(({ actor, claimed_actor }: Record<string, string>) => [actor, claimed_actor])).toEqual([
      ["control_token", "deploy bot 7"],
      ["control_token", `cli:${userInfo().username}`],
    ]);
  });
});

describe("list, show, events", () => {
  test("list prints one aligned line per key, with revoked keys only on request", async () => {
    const [first, second] = [await newKey("first"), await newKey("second, 日本 🚀")];
    await cluster.revoke(account, first.id);
    const alive = await keys(["list"]);
    expect(alive).toMatchObject({ code: 0, stderr: "" });
    expect(alive.stdout.split("\n")).toEqual([
      expect.stringMatching(/^ID +KEY +STATE \(UTC\) +CREATED +LAST USED +PERMISSIONS +NAME$/),
      expect.stringMatching(new RegExp(`^${second.id}  oct_live_.* active +.* never +all +second, 日本 🚀$`)),
      "",
    ]);
    const all = (await keys(["list", "--revoked"])).stdout.split("\n");
    expect(all[2]).toMatch(
      new RegExp(`^${first.id} .* revoked \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d .* first$`),
    );
    expect(new Set(all.slice(0, 3).map((line) => line.search(/NAME|first|second/))).size).toBe(1);
    expect((await keys(["list", "--json"])).json).toEqual({
      keys: [await shown(second.id)],
      next_cursor: null,
    });
  });

  test("list and events fetch all pages, or as many entries as --limit allows", async () => {
    const rows = Array.from({ length: 205 }, (_, i) => ({
      sha256: i.toString(16).padStart(64, "0"),
      name: `key ${i}`,
      mode: "live",
    }));
    expect((await cluster.control("POST", `/accounts/${account}/keys/import`, { keys: rows })).status).toBe(
      200,
    );
    for (const list of ["keys", "events"] as const) {
      const command = list === "keys" ? "list" : "events";
      const all = (await keys([command, "--json"])).json;
      expect(all.next_cursor).toBe(null);
      expect(
        new Set(all[list].map((item: { id?: string; number?: number }) => item.id ?? item.number)).size,
      ).toBe(205);
      const some = await keys([command, "--json", "--limit", "203"]);
      expect(some.json[list]).toEqual(all[list].slice(0, 203));
      expect(some.json.next_cursor).toEqual(expect.any(String));
      expect(some.stderr).toContain("--limit was reached");
      expect((await keys([command])).stdout.trimEnd().split("\n")).toHaveLength(206);
    }
  });

  test("show prints permissions, expiry and the time of revocation", async () => {
    const key = await newKey("one");
    const { stdout } = await keys(["show", key.id]);
    expect(stdout).toMatch(/^permissions +all \(full access\)$/m);
    expect(stdout).toMatch(/^state +active$/m);
    expect(stdout).toMatch(/^expires +never$/m);
    expect(stdout).toMatch(/^created +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by control_token$/m);
    expect((await keys(["show", key.id, "--json"])).json).toEqual(await shown(key.id));
    await cluster.revoke(account, key.id);
    expect((await keys(["show", key.id])).stdout).toMatch(/^state +revoked \d{4}-/m);
  });

  test("events prints action, actor, key and reason", async () => {
    const key = await newKey("one");
    await keys(["revoke", key.id, "--yes", "--reason", "found in a log", "--actor", "ana"]);
    const [heading, newest] = (await keys(["events"])).stdout.split("\n");
    expect(heading).toMatch(/^TIME \(UTC\) +ACTION +ACTOR +NAME +KEY +DETAILS$/);
    expect(newest).toMatch(
      new RegExp(` revoked +control_token \\(ana\\) +one +${key.id} +reason: found in a log$`),
    );
  });

  test("events --key and --action print the history of a key", async () => {
    const [one, two] = [await newKey("one"), await newKey("two")];
    await cluster.revoke(account, one.id);
    const actions = async (...filter: string[]) => {
      const { events } = (await keys(["events", "--json", ...filter])).json;
      return events.map(({ action, key_name }: Record<string, string>) => `${key_name} ${action}`);
    };
    expect(await actions("--key", one.id)).toEqual(["one revoked", "one created"]);
    expect(await actions("--action", "created")).toEqual(["two created", "one created"]);
    expect(await actions("--key", two.id, "--action", "revoked")).toEqual([]);
  });

  test("a terminal gets colours and its width, and NO_COLOR and pipes get none", async () => {
    const key = await newKey("x".repeat(100));
    const list = (terminal: number | false, env = {}) =>
      keys(["list"], { terminal, input: "", env: { TERM: "xterm-256color", ...env } });
    const inTerminal = (await list(80)).stdout;
    expect(inTerminal).toContain("\u001b[32mactive\u001b[39m");
    expect(inTerminal).toContain("Not shown in this width: ");
    const plain = (await list(80, { NO_COLOR: "1" })).stdout;
    for (const line of plain.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(plain).toContain(key.id);
    const [piped, forced] = [(await list(false)).stdout, (await list(false, { FORCE_COLOR: "1" })).stdout];
    expect(piped).toContain("x".repeat(100));
    expect(piped + plain).not.toContain("\u001b");
    expect(forced).toContain("\u001b[32mactive\u001b[39m");
  });

  test("an account without keys has empty lists, which is no error", async () => {
    expect(await keys(["list"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining(`Account ${account} has no keys.`),
    });
    expect((await keys(["list", "--json"])).json).toEqual({ keys: [], next_cursor: null });
    expect(await keys(["events"])).toMatchObject({ code: 0, stdout: "" });
    expect((await keys(["events", "--json"])).json).toEqual({ events: [], next_cursor: null });
    const { id } = await newKey();
    expect((await keys(["list", "--state", "suspended"])).stderr).toBe("No key matches.\n");
    await cluster.revoke(account, id);
    expect((await keys(["list"])).stderr).toContain("--revoked includes revoked keys.");
  });

  test("events --since and --after print the events oldest first", async () => {
    await newKey("one");
    await newKey("two");
    const { events } = (await keys(["events", "--json"])).json;
    expect((await keys(["events", "--since", "1d", "--json"])).json.events).toEqual(events.toReversed());
    const after = await keys(["events", "--after", String(events[1].number), "--json"]);
    expect(after.json.events).toEqual([events[0]]);
    expect((await keys(["events", "--since", "2099-01-01", "--json"])).json.events).toEqual([]);
  });

  test("escapes characters of a name that would move the cursor or reverse the text", async () => {
    // The control plane refuses others in names.
    const key = await newKey("a\u200fb\u061cc");
    for (const command of [["list"], ["show", key.id]]) {
      const { stdout } = await keys(command);
      expect(stdout).toContain("a\\u{200f}b\\u{61c}c");
      expect(stdout).not.toMatch(/[\u200f\u061c]/);
    }
    expect(printable("a\u202eb\u2028c\u001bd")).toBe("a\\u{202e}b\\u{2028}c\\u{1b}d");
  });
});

describe("rename, reschedule, tier", () => {
  test("rename changes the name and prints the key", async () => {
    const key = await newKey("old");
    expect(await keys(["rename", key.id, "new name"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^name +new name$/m),
    });
    expect((await shown(key.id)).name).toBe("new name");
    expect(await use(key.secret)).toBe(200);
  });

  test("reschedule moves and cancels the scheduled revocation", async () => {
    const key = await newKey();
    await keys(["rotate", key.id, "--overlap", "1d"]);
    expect((await keys(["reschedule", key.id, "2099-01-01", "--json"])).json.revokes_at).toBe(
      "2099-01-01T00:00:00.000Z",
    );
    expect((await keys(["list"])).stdout).toContain("revokes 2099-01-01 00:00:00");
    expect((await keys(["reschedule", key.id, "never", "--json"])).json.revokes_at).toBe(null);
    await cluster.revoke(account, key.id);
    expect(await keys(["reschedule", key.id, "7d"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("409 conflict: The key is revoked"),
    });
  });

  test("tier sets a named tier or two limits, and prints the result", async () => {
    await newKey();
    expect((await keys(["tier"])).stdout).toBe(`account  ${account}\ntier     unlimited\n`);
    const lowered = await keys(["tier", "pro"]);
    expect([lowered.code, lowered.stdout]).toEqual([
      0,
      expect.stringMatching(/^account +\S+\ntier +pro\nIn effect everywhere since .*\n$/),
    ]);
    const numbers = ["tier", "--requests-per-minute", "600", "--publish-per-hour", "120"];
    expect((await keys([...numbers, "--json"])).json).toMatchObject({
      account,
      tier: { requests_per_minute: 600, publish_per_hour: 120 },
    });
    const inWords = "600 requests a minute, 120 publishes an hour";
    for (const args of [numbers, ["tier"]]) expect((await keys(args)).stdout).toContain(inWords);
    expect(await keys(["tier", "gold"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Allowed choices are free, starter, pro, unlimited"),
    });
  });
});

describe("what a key may do", () => {
  test("update narrows a key, and prints when that is in effect; the same command again prints the same", async () => {
    const key = await newKey("one");
    const narrowing = [
      "update",
      key.id,
      "--permissions",
      "posts:read",
      "--allowed-ips",
      "203.0.113.7,2001:db8::/32",
    ];
    const { code, stdout } = await keys(narrowing);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^permissions +posts:read$/m);
    expect(stdout).toMatch(/^allowed IPs +203\.0\.113\.7\/32,2001:db8::\/32$/m);
    expect(stdout).toMatch(/^In effect everywhere since \d{4}-.* UTC, after /m);
    expect((await keys(narrowing)).stdout).toBe(stdout);
    const widened = await keys(["update", key.id, "--permissions", "all", "--allowed-ips", "anywhere"]);
    expect(widened.stdout).not.toContain("In effect");
    const limited = await keys(["update", key.id, "--limits", "30,5"]);
    expect(limited.stdout).toMatch(/^limits +30 requests a minute, 5 publishes an hour$/m);
    expect(limited.stdout).toContain("In effect everywhere since");
    expect((await keys(["update", key.id, "--limits", "tier", "--json"])).json.limits).toBeNull();
    const labelled = await keys([
      "update",
      key.id,
      "--label",
      "team=billing",
      "--label",
      "env=prod",
      "--json",
    ]);
    expect(labelled.json.labels).toEqual({ env: "prod", team: "billing" });
    expect((await keys(["list", "--label", "team=billing", "--json"])).json.keys).toHaveLength(1);
    expect((await keys(["update", key.id, "--expires", "90d", "--json"])).json.expires_at).toEqual(
      expect.any(String),
    );
    expect((await keys(["update", key.id, "--expires", "never", "--json"])).json.expires_at).toBeNull();
    expect(await keys(["update", key.id])).toMatchObject({ code: 2 });
  });

  test("suspend stops a key, resume starts it again", async () => {
    const key = await newKey("one");
    const suspended = await keys(["suspend", key.id, "--reason", "unclear"]);
    expect(suspended.stdout).toMatch(/^state +suspended \d{4}-/m);
    expect(suspended.stdout).toContain("In effect everywhere since");
    expect(await shown(key.id)).toMatchObject({ state: "suspended" });
    expect((await keys(["list", "--state", "suspended", "--json"])).json.keys).toHaveLength(1);
    const resumed = await keys(["resume", key.id]);
    expect(resumed.stdout).toContain("It works again within a lease.");
    expect(await shown(key.id)).toMatchObject({ state: "active" });
    expect(await keys(["resume", (await newKey("two")).id])).toMatchObject({ code: 1 });
  });

  test("account suspend and policy show what holds for the account", async () => {
    await newKey("one");
    expect((await keys(["account", "suspend"])).stdout).toMatch(/^suspended +\d{4}-/m);
    expect((await keys(["account", "resume"])).stdout).toMatch(/^suspended +no$/m);
    await keys(["policy", "--max-lifetime-days", "90", "--require-permissions"]);
    const { stdout } = await keys(["policy", "--allowed-ips", "203.0.113.0/24"]);
    // Rules that are not named stay.
    expect(stdout).toMatch(/^max lifetime \(days\) +90$/m);
    expect(stdout).toMatch(/^require permissions +yes$/m);
    expect(stdout).toMatch(/^allowed IPs +203\.0\.113\.0\/24$/m);
    expect((await keys(["account"])).stdout).toContain("203.0.113.0/24");
    const limited = await keys(["policy", "--account-limits", "600,120"]);
    expect(limited.stdout).toMatch(/^account limits +600 requests a minute, 120 publishes an hour$/m);
    expect(limited.stdout).toMatch(/^allowed IPs +203\.0\.113\.0\/24$/m);
    const unlimited = await keys(["policy", "--account-limits", "none"]);
    expect(unlimited.stdout).toMatch(/^account limits +none$/m);
    const open = await keys([
      "policy",
      "--no-require-permissions",
      "--max-lifetime-days",
      "none",
      "--allowed-ips",
      "anywhere",
    ]);
    expect(open.stdout).toMatch(/^require permissions +no$/m);
  });
});

describe("rotate", () => {
  test("prints the successor and the time until which the old key works; both work", async () => {
    const old = await newKey("Production Server");
    const { code, stdout, stderr } = await keys(["rotate", old.id, "--overlap", "7d"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name +Production Server$/m);
    expect(stderr).toContain(COPY_NOW);
    expect(stderr).toMatch(new RegExp(`The old key ${old.id} works until \\d{4}-.* UTC\\.`));
    const successor = SECRET.exec(stdout)?.[0] ?? "";
    expect(successor).not.toBe(old.secret);
    expect([await use(old.secret), await use(successor)]).toEqual([200, 200]);
    const successorId = /^id +(\S+)$/m.exec(stdout)?.[1];
    expect((await keys(["show", old.id])).stdout).toMatch(new RegExp(`^replaced by +${successorId}$`, "m"));
    expect(await keys(["rotate", old.id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `409 conflict: The key has been rotated already: its successor is ${successorId}`,
      ),
    });
  });

  test("again, names the successor, whether it is used, and the end of the old key", async () => {
    const old = await newKey("Production Server");
    const { id, hint, replaces } = (await keys(["rotate", old.id, "--json"])).json;
    const { code, stdout, stderr } = await keys(["rotate", old.id]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`The successor is ${id} "Production Server" (${hint}, not used yet).`);
    expect(stderr).toContain(`The old key works until ${replaces.revokes_at.slice(0, 10)}`);
    expect(stderr).toContain(`"revoke ${id}"`);
    // As stderr says: after the successor is revoked, the key can be rotated again.
    await cluster.revoke(account, id);
    expect((await keys(["rotate", old.id])).code).toBe(0);
  });

  test("with --json prints the API's answer, with the old key's scheduled revocation", async () => {
    const old = await newKey();
    const { json } = await keys(["rotate", old.id, "--overlap", "3600", "--json"]);
    expect(json.replaces).toMatchObject({ id: old.id, revokes_at: expect.any(String) });
    expect(json.secret).toMatch(SECRET);
  });

  test("without an overlap the old key is revoked when the command ends", async () => {
    const old = await newKey();
    expect(await use(old.secret)).toBe(200);
    const { code, stderr } = await keys(["rotate", old.id, "--overlap", "0", "--yes"]);
    expect(code).toBe(0);
    expect(await use(old.secret)).toBe(401);
    expect(stderr).toMatch(new RegExp(`The old key ${old.id} is revoked everywhere since`));
  });
});

describe("revoke, revoke-all", () => {
  test("revoke prints the time from which the key is revoked everywhere, the wait, and its maximum", async () => {
    const key = await newKey("leaked");
    expect(await use(key.secret)).toBe(200);
    const { code, stdout } = await keys(["revoke", key.id, "--yes"]);
    expect(await use(key.secret)).toBe(401);
    expect(code).toBe(0);
    expect(stdout).toContain(`Revoked ${key.id} "leaked".`);
    expect(stdout).toMatch(
      /^Revoked everywhere since \d{4}-.* UTC, after \d+(\.\d)? s \(at most 1\.2 s\)\.$/m,
    );
    const again = await keys(["revoke", key.id, "--yes", "--json"]);
    expect(again.json).toMatchObject({ id: key.id, waited_ms: expect.any(Number) });
  });

  test("revoke waits for leases that are longer than the ledger's time limit", async () => {
    const slow = await startCluster({ settings: { LEASE_MS: 4000, LEDGER_TIMEOUT_MS: 1000 } });
    try {
      const revokeInUse = async (name: "by id" | "by text") => {
        const own = ownAccount(slow);
        const key = await slow.createKey({ account: own.account, name });
        const headers = [["Authorization", `Bearer ${key.secret}`]] as const;
        const request = { method: "GET", target: "/v1/posts", headers };
        expect((await rawRequest(slow.gateway(0), request)).status).toBe(200);
        const revoked =
          name === "by id"
            ? own.keys(["revoke", key.id, "--yes", "--json"])
            : own.keys(["revoke", "--secret-stdin", "--json"], { input: key.secret });
        const { code, json } = await revoked;
        expect([code, json.id]).toEqual([0, key.id]);
        expect(json.waited_ms).toBeGreaterThan(1000);
        expect((await rawRequest(slow.gateway(0), request)).status).toBe(401);
      };
      await Promise.all([revokeInUse("by id"), revokeInUse("by text")]);
    } finally {
      await slow.close();
    }
  });

  test("revoke-all revokes all keys, or those of a mode or an age", async () => {
    const live = await newKey();
    const test = await cluster.createKey({ account, mode: "test" });
    expect((await keys(["revoke-all", "--yes", "--created-before", "1d", "--json"])).json.revoked).toBe(0);
    expect((await keys(["revoke-all", "--yes", "--mode", "test"])).stdout).toMatch(
      /^Revoked 1 key\.\nRevoked everywhere/,
    );
    expect([await use(live.secret), await use(test.secret)]).toEqual([200, 401]);
    const dryRun = await keys(["revoke-all", "--dry-run"]);
    expect(dryRun).toMatchObject({ code: 0, stderr: "1 key would be revoked. Nothing was revoked.\n" });
    expect(dryRun.stdout).toContain(live.id);
    expect((await keys(["revoke-all", "--dry-run", "--mode", "test", "--json"])).json).toEqual({
      keys: [],
      next_cursor: null,
    });
    expect(await use(live.secret)).toBe(200);
    expect((await keys(["revoke-all", "--yes"])).stdout).toMatch(/^Revoked 1 key\./);
    expect(await use(live.secret)).toBe(401);
  });
});

describe("hash", () => {
  const hex = (key: string) => createHash("sha256").update(key).digest("hex");
  const hash = (input: string | Uint8Array) => runKeys(["hash"], { input });

  test("prints the SHA-256 of each line without calling the gateway", async () => {
    const { code, stdout } = await hash("abc\noct_live_x\r\n");
    expect(code).toBe(0);
    expect(stdout).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n" +
        "9e7cd3304e1ce968565f29aa6daeddaf4d9bd2073cf6234a221508654c0cce70\n",
    );
  });

  test.each([
    ["a byte order mark", "\ufeffabc\nxyz\n"],
    ["blank lines", "\n\nabc\n  \nxyz\n\n\n"],
    ["Windows line ends", "abc\r\nxyz\r\n\r\n"],
    ["old Mac line ends", "abc\rxyz\r"],
    ["spaces around the keys", " abc\t\nxyz \u00a0\n"],
    ["no last line end", "\ufeff\nabc\nxyz"],
  ])("accepts a file with %s", async (_, input) => {
    expect(await hash(input)).toMatchObject({
      code: 0,
      stdout: `${hex("abc")}\n${hex("xyz")}\n`,
      stderr: "",
    });
  });

  test.each([
    ["UTF-16 little-endian", Buffer.from("\ufeffoct_live_x\r\n", "utf16le")],
    ["UTF-16 big-endian", Buffer.from("\ufeffoct_live_x\r\n", "utf16le").swap16()],
    ["UTF-16 without a byte order mark", Buffer.from("oct_live_x\r\n", "utf16le")],
  ])("names %s as the cause", async (_, input) => {
    const { code, stdout, stderr } = await hash(input);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("UTF-16");
    expect(stderr).not.toContain("oct_live");
  });

  test.each([
    ["a space in it", "abc\na b\n", "line 2"],
    ["quotes around it", '\n"abc"\n', "line 2"],
    ["a comma after it", "abc,\n", "line 1"],
    ["a letter outside ASCII", "abc\nx\ny\u00e9\n", "line 3"],
    ["another encoding", Buffer.from([0x61, 0xe9, 0x0a]), "not UTF-8"],
  ])("refuses a key with %s, and prints no hash", async (_, input, text) => {
    const { code, stdout, stderr } = await hash(input);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(text);
  });
});
