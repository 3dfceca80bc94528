// `npm run keys -- import`: from a file of keys issued before the gateway to keys that work.
//
// Every line gets a verdict in the report, by its number. A failed line does not stop the others, an interrupted run
// continues where it stopped, and a repeated run changes nothing.

import { createHash } from "node:crypto";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CONTROL_WITH_IMPORTED } from "../control/control-clusters.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { type Keys, ownAccount } from "./run-keys.ts";

const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");
const isPosix = process.platform !== "win32";

let cluster: GatewayCluster;
let directory: string;
let file: string;
let account: string;
let keys: Keys;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
  directory = await mkdtemp(join(tmpdir(), "keys-import-"));
});
afterAll(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  ({ account, keys } = ownAccount(cluster));
  file = join(directory, `${account}.jsonl`);
  await cluster.network.liftAllFaults();
  await cluster.network.resetCounts();
});

function oldKey(number: number): string {
  return `oct_live_before_${account}_${number}`;
}

function row(number: number, more: object = {}): string {
  return JSON.stringify({ sha256: sha256(oldKey(number)), name: `old ${number}`, mode: "live", ...more });
}

async function use(secret: string): Promise<number> {
  const headers = [["Authorization", `Bearer ${secret}`]] as const;
  return (await rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/posts", headers })).status;
}

interface ReportLine {
  readonly line: number;
  readonly id?: string;
  readonly error?: string;
}

async function report(): Promise<ReportLine[]> {
  const text = await readFile(`${file}.report.jsonl`, "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ReportLine);
}

async function importCalls(): Promise<number> {
  return (await cluster.network.counts()).ledgerCalls.importKeys ?? 0;
}

test("imported keys work, with the permissions in the file", async () => {
  const rows = [row(1), row(2, { permissions: ["webhooks:read"], created_at: "2024-05-01T00:00:00Z" })];
  await writeFile(file, `${rows.join("\n")}\n`);
  const { code, stdout, stderr } = await keys(["import", file]);
  expect(code).toBe(0);
  expect(stdout).toBe(
    "Imported 2 keys; 0 were in the report already; 0 lines failed.\n" +
      `Result of each line: ${file}.report.jsonl\n`,
  );
  expect(stderr).toContain(`Importing ${file} (2 lines) into ${account}`);
  expect([await use(oldKey(1)), await use(oldKey(2))]).toEqual([200, 403]);
  const list = (await keys(["list", "--json"])).json.keys;
  expect(list.map(({ name, created_at }: Record<string, string>) => [name, created_at])).toEqual([
    ["old 1", expect.any(String)],
    ["old 2", "2024-05-01T00:00:00.000Z"],
  ]);
});

test("the report has a verdict per line, and only its owner may read it", async () => {
  await writeFile(file, `${row(1)}\n${row(2, { mode: "both" })}\n`);
  await keys(["import", file]);
  const { host, port } = cluster.gateway(0);
  const where = { gateway: `http://${host}:${port}`, account };
  expect(await report()).toEqual([
    { line: 1, sha256: sha256(oldKey(1)), id: expect.stringMatching(/^key_/), ...where },
    {
      line: 2,
      sha256: sha256(oldKey(2)),
      error: "validation_error",
      details: { mode: "must be one of live, test" },
      ...where,
    },
  ]);
  if (isPosix) expect((await stat(`${file}.report.jsonl`)).mode & 0o777).toBe(0o600);
});

test("sends a thousand rows per call, and continues an interrupted import where it stopped", async () => {
  // Refused rows fill a call too, and cost no write.
  const rows = Array.from({ length: 1003 }, (_, i) =>
    row(i, i % 100 === 0 || i > 1000 ? {} : { created_at: "2999-01-01T00:00:00Z" }),
  );
  await writeFile(file, rows.join("\n"));
  const proxy = await gatewayThatEndsAfter(1);
  try {
    const cutShort = await keys(["import", file, "--url", proxy.url]);
    expect(cutShort).toMatchObject({ code: 3, stdout: "" });
    expect(cutShort.stderr).toContain("1,000 of 1,003 lines: 10 imported, 0 skipped, 990 failed");
    expect(cutShort.stderr).toContain("run the same command again");
    expect(await report()).toHaveLength(1000);

    proxy.startAgain();
    const { code, stderr, json } = await keys(["import", file, "--url", proxy.url, "--json"]);
    expect(code).toBe(1);
    expect(json).toMatchObject({ imported: 3, skipped: 10, report: `${file}.report.jsonl` });
    expect(json.failed).toHaveLength(990);
    expect(stderr).toContain("1,003 of 1,003 lines: 3 imported, 10 skipped, 990 failed");
  } finally {
    await proxy.close();
  }
  const lines = (await report()).map(({ line }) => line);
  expect(lines.sort((one, other) => one - other)).toEqual(rows.map((_, i) => i + 1));
});

describe("invalid lines", () => {
  test("are listed with their numbers and errors, do not stop the others, and exit with 1", async () => {
    const lines = [
      `\ufeff${row(1)}\r`,
      "",
      "oct_live_a_key_in_plain",
      row(4, { name: "" }),
      "[]",
      "null",
      row(7, { sha256: "abc", color: "red" }),
      Buffer.from([0x7b, 0xff, 0x7d]),
      row(9, { name: "x".repeat(9000) }),
      row(10),
      "   ",
    ];
    await writeFile(
      file,
      Buffer.concat(lines.flatMap((line) => [Buffer.from(line as string), Buffer.from("\n")])),
    );
    const { code, stdout, stderr } = await keys(["import", file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Imported 2 keys; 0 were in the report already; 7 lines failed\./);
    expect(stderr.match(/^line .*$/gm)).toEqual([
      "line 3: malformed_line; line is not JSON",
      "line 4: validation_error; name must have 1 to 100 characters",
      "line 5: malformed_line; line is not an object",
      "line 6: malformed_line; line is not an object",
      expect.stringMatching(/^line 7: validation_error; .*sha256 must be the SHA-256/),
      "line 8: malformed_line; line is not UTF-8",
      "line 9: malformed_line; line is longer than 8192 bytes",
    ]);
    expect(stderr).not.toContain("in_plain");
    expect([await use(oldKey(1)), await use(oldKey(10))]).toEqual([200, 200]);
  });

  test("are imported by the same command once fixed; it sends nothing else", async () => {
    await writeFile(file, `${row(1)}\n{\n${row(3)}\n`);
    expect((await keys(["import", file])).code).toBe(1);
    const before = (await report()).filter(({ id }) => id !== undefined);
    await writeFile(file, `${row(1)}\n${row(2)}\n${row(3)}\n`);
    const { code, json, stderr } = await keys(["import", file, "--json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ imported: 1, skipped: 2, failed: [] });
    expect(stderr).toContain("3 of 3 lines: 1 imported, 2 skipped, 0 failed");
    const after = await report();
    expect(after.slice(0, 2)).toEqual(before);
    expect(after.map(({ line }) => line)).toEqual([1, 3, 2]);
  });

  test("a missing file or a directory exits with 2 and sends nothing", async () => {
    for (const path of [file, directory]) {
      const { code, stderr } = await keys(["import", path]);
      expect(code).toBe(2);
      expect(stderr).toContain("nothing was sent");
    }
    expect(await importCalls()).toBe(0);
  });
});

describe("a key on several lines", () => {
  const base64 = (number: number) => Buffer.from(sha256(oldKey(number)), "hex").toString("base64");

  test.each<[string, object]>([
    ["permissions", { permissions: ["posts:read"] }],
    ["mode", { mode: "test" }],
    ["expires_at", { expires_at: "2099-01-01T00:00:00Z" }],
    ["created_at", { created_at: "2024-01-01T00:00:00Z" }],
    ["name", { name: "another" }],
  ])("with different %s is refused on every line", async (field, change) => {
    await writeFile(file, [row(1), row(2), row(1, change), row(1)].join("\n"));
    const { code, stdout, stderr } = await keys(["import", file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Imported 1 key; 0 were in the report already; 3 lines failed\./);
    expect(stderr.match(/^line .*$/gm)).toEqual([
      `line 1: conflicting_line; line imports the same key as line 3, with different ${field}`,
      `line 3: conflicting_line; line imports the same key as line 1, with different ${field}`,
      `line 4: conflicting_line; line imports the same key as line 3, with different ${field}`,
    ]);
    expect([await use(oldKey(1)), await use(oldKey(2))]).toEqual([401, 200]);
    expect((await report()).map(({ line, error }) => [line, error])).toEqual([
      [1, "conflicting_line"],
      [3, "conflicting_line"],
      [4, "conflicting_line"],
      [2, undefined],
    ]);
  });

  test("is recognised in every form of its hash, and in another call", async () => {
    const upperCase = { sha256: sha256(oldKey(1)).toUpperCase() };
    // Refused rows fill a call too, and cost no write.
    const refused = Array.from({ length: 1000 }, (_, i) =>
      row(i + 10, { created_at: "2999-01-01T00:00:00Z" }),
    );
    const lines = [
      row(1, upperCase),
      ...refused,
      row(2),
      row(1, { sha256: base64(1), permissions: ["posts:read"] }),
      row(1, { sha256: base64(1).replaceAll("+", "-").replaceAll("/", "_").replace("=", "") }),
    ];
    await writeFile(file, lines.join("\n"));
    const { code, json } = await keys(["import", file, "--json"]);
    expect(code).toBe(1);
    expect(json.imported).toBe(1);
    const repeated = json.failed.filter(
      ({ details }: { details?: object }) => !Object.hasOwn(details ?? {}, "created_at"),
    );
    expect(repeated.map(({ line }: { line: number }) => line)).toEqual([1, 1003, 1004]);
    expect(json.failed).toHaveLength(1003);
    expect(await use(oldKey(1))).toBe(401);
  });

  test("with the same rights is imported once: defaults, order and time zone make no difference", async () => {
    const all = { permissions: ["posts:read", "posts:write"], expires_at: "2099-01-01T00:00:00Z" };
    const same = { permissions: ["posts:write", "posts:read"], expires_at: "2099-01-01T02:00:00+02:00" };
    await writeFile(
      file,
      [row(1), row(1, { permissions: [], expires_at: null }), row(2, all), row(2, same)].join("\n"),
    );
    const { code, stdout, stderr } = await keys(["import", file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Imported 2 keys; 0 were in the report already; 0 lines failed\./);
    expect(stderr).toContain("2 lines repeat another line.");
    expect(stderr).toContain("4 of 4 lines");
    expect((await keys(["list", "--json"])).json.keys).toHaveLength(2);
  });

  test("is refused although one of its lines was imported by an earlier run", async () => {
    await writeFile(file, `${row(1)}\n`);
    expect((await keys(["import", file])).code).toBe(0);
    await appendFile(file, `${row(1, { permissions: ["posts:read"] })}\n`);
    const { code, json } = await keys(["import", file, "--json"]);
    expect(code).toBe(1);
    expect(json.failed.map(({ line }: { line: number }) => line)).toEqual([1, 2]);
  });
});

test("warns where the gateway does not accept imported keys, and names the setting", async () => {
  const own = ownAccount(await sharedCluster(TWO_GATEWAYS));
  await writeFile(file, `${row(1)}\n`);
  const { code, stderr } = await own.keys(["import", file]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^Warning: LEGACY_KEYS is not "accept"/m)]);
  const { stdout } = await own.keys(["import", file, "--json"]);
  expect(JSON.parse(stdout)).not.toHaveProperty("warning");
});

test("a file in UTF-16 exits with 2, names the encoding and sends nothing", async () => {
  await writeFile(file, Buffer.from(`\ufeff${row(1)}\n`, "utf16le"));
  const { code, stderr } = await keys(["import", file]);
  expect(code).toBe(2);
  expect(stderr).toContain("is UTF-16");
  expect(await importCalls()).toBe(0);
});

describe("a repeated run", () => {
  test("sends no key that has an id in the report", async () => {
    await writeFile(file, `${row(1)}\n${row(2)}\n`);
    await keys(["import", file]);
    expect(await importCalls()).toBe(1);
    const { code, json } = await keys(["import", file, "--json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ imported: 0, skipped: 2 });
    expect(await importCalls()).toBe(1);
  });

  test("without the report returns the same ids", async () => {
    await writeFile(file, `${row(1)}\n${row(2)}\n`);
    await keys(["import", file]);
    const ids = (await report()).map(({ id }) => id);
    await rm(`${file}.report.jsonl`);
    expect((await keys(["import", file])).code).toBe(0);
    expect((await report()).map(({ id }) => id)).toEqual(ids);
    expect((await keys(["list", "--json"])).json.keys).toHaveLength(2);
  });

  test("for another account does not use the ids in the report", async () => {
    await writeFile(file, `${row(1)}\n`);
    await keys(["import", file]);
    const other = await keys(["import", file, "--account", `${account}-other`, "--json"]);
    expect(other.code).toBe(1);
    expect(other.json.failed).toEqual([{ line: 1, error: "known_elsewhere" }]);
    expect(await importCalls()).toBe(2);
    expect((await keys(["import", file, "--json"])).json).toMatchObject({ imported: 0, skipped: 1 });
  });

  test("continues from a report whose last line is truncated", async () => {
    await writeFile(file, `${row(1)}\n${row(2)}\n`);
    await keys(["import", file]);
    const text = await readFile(`${file}.report.jsonl`, "utf8");
    await writeFile(`${file}.report.jsonl`, text.slice(0, -20));
    expect((await keys(["import", file, "--json"])).json).toMatchObject({ imported: 1, skipped: 1 });
    expect((await report()).map(({ line }) => line)).toEqual([1, 2]);
  });
});

describe("an unreachable store", () => {
  test("for a moment fails no row", async () => {
    await writeFile(file, `${row(1)}\n${row(2)}\n`);
    const fault = { on: "ledger", caller: 0, operation: "importKeys" } as const;
    await cluster.network.fault({ ...fault, how: "fail-before", times: 1 });
    await cluster.network.fault({ ...fault, how: "fail-after", times: 1 });
    const { code, json } = await keys(["import", file, "--json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ imported: 2, failed: [] });
    expect((await keys(["list", "--json"])).json.keys).toHaveLength(2);
  });

  test("for longer fails its rows only; the same command imports them later", async () => {
    await writeFile(file, `${row(1)}\n{}\n`);
    const lift = await cluster.network.fault({ on: "ledger", how: "fail-before", operation: "importKeys" });
    const { code, stderr, json } = await keys(["import", file, "--json"]);
    expect(code).toBe(1);
    expect(json.failed[0]).toEqual({ line: 1, error: "ledger_unreachable" });
    expect(json.failed[1]).toMatchObject({ line: 2, error: "validation_error" });
    expect(stderr).toContain("line 1: ledger_unreachable");
    expect(stderr).toContain("run the same command again");
    await lift();
    await writeFile(file, `${row(1)}\n`);
    expect((await keys(["import", file, "--json"])).json).toMatchObject({ imported: 1, failed: [] });
    expect(await use(oldKey(1))).toBe(200);
  });

  test("a refusal keeps the imported keys in the report and names the next step", async () => {
    await writeFile(file, `${row(1)}\n`);
    await keys(["import", file]);
    await appendFile(file, `${row(2)}\n`);
    const refused = await keys(["import", file], { env: { OCTOPOST_CONTROL_TOKEN: "wrong" } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("401 unauthorized");
    expect(refused.stderr).toContain("run the same command again");
    expect((await report()).map(({ line }) => line)).toEqual([1]);
    expect((await keys(["import", file, "--json"])).json).toMatchObject({ imported: 1, skipped: 1 });
  });
});

/** A proxy of gateway 0: forwards that many requests, then breaks every connection until `startAgain`. */
async function gatewayThatEndsAfter(requests: number) {
  let left = requests;
  const { host, port } = cluster.gateway(0);
  const server = http.createServer((request, response) => {
    left -= 1;
    if (left < 0) {
      request.socket.destroy();
      return;
    }
    const { method, url: path, headers } = request;
    const onward = http.request({ host, port, method, path, headers, agent: false }, (answer) => {
      answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers));
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    startAgain: () => {
      left = Number.POSITIVE_INFINITY;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
