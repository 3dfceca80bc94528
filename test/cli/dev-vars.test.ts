import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureDevVars, LOCAL_SECRETS } from "../../src/cli/dev-vars.ts";

const SECRET = /^[0-9A-Za-z_-]{43}$/;
const isPosix = process.platform !== "win32";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "dev-vars-"));
  path = join(directory, ".dev.vars");
});
afterEach(() => rm(directory, { recursive: true }));

describe("on the first run", () => {
  test("generates every required secret, each different: 32 random bytes in base64url, or a private JWK", async () => {
    const vars = await ensureDevVars(path);
    expect(Object.keys(vars).sort()).toEqual([...LOCAL_SECRETS].sort());
    for (const name of ["KEY_PEPPER", "CONTROL_TOKEN"]) expect(vars[name]).toMatch(SECRET);
    expect(assertionKeyOf(vars)).toMatchObject({
      kty: "OKP",
      crv: "Ed25519",
      d: expect.stringMatching(SECRET),
    });
    expect(new Set(Object.values(vars)).size).toBe(LOCAL_SECRETS.length);
  });

  test("creates one file, which only its owner may read", async () => {
    await ensureDevVars(path);
    expect(await readdir(directory)).toEqual([".dev.vars"]);
    if (isPosix) expect(await modeOf(path)).toBe(0o600);
  });

  test("generates one set of secrets for concurrent runs", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ensureDevVars(path)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await readdir(directory)).toEqual([".dev.vars"]);
  });

  test("rejects when the directory does not exist", async () => {
    await expect(ensureDevVars(join(directory, "missing", ".dev.vars"))).rejects.toThrow("ENOENT");
  });
});

describe("when the file exists", () => {
  test("does not change a complete file", async () => {
    const first = await ensureDevVars(path);
    const before = await readFile(path, "utf8");
    expect(await ensureDevVars(path)).toEqual(first);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  test("appends only missing secrets, and keeps the rest byte for byte", async () => {
    const before = '# mine\nCONTROL_TOKEN="a token"\nLIVE_ORIGIN=http://localhost:1';
    await writeFile(path, before);
    const vars = await ensureDevVars(path);
    expect(vars).toEqual({
      CONTROL_TOKEN: "a token",
      LIVE_ORIGIN: "http://localhost:1",
      KEY_PEPPER: expect.stringMatching(SECRET),
      ASSERTION_KEY: expect.any(String),
    });
    const added = `KEY_PEPPER=${vars.KEY_PEPPER}\nASSERTION_KEY='${vars.ASSERTION_KEY}'\n`;
    expect(await readFile(path, "utf8")).toBe(`${before}\n${added}`);
  });

  test("restricts a file that everyone may read to its owner", async () => {
    await writeFile(path, "CONTROL_TOKEN=mine\n");
    await chmod(path, 0o644);
    await ensureDevVars(path);
    if (isPosix) expect(await modeOf(path)).toBe(0o600);
  });

  test("leaves an empty secret empty", async () => {
    await writeFile(path, "KEY_PEPPER=\nCONTROL_TOKEN=mine\nASSERTION_KEY=\n");
    expect(await ensureDevVars(path)).toEqual({ KEY_PEPPER: "", CONTROL_TOKEN: "mine", ASSERTION_KEY: "" });
  });
});

test("generates the secrets that wrangler.toml requires", async () => {
  const settings = await readFile(new URL("../../wrangler.toml", import.meta.url), "utf8");
  const [, list] = settings.match(/^required = (\[.*\])$/m) ?? [];
  expect(JSON.parse(list ?? "[]").sort()).toEqual([...LOCAL_SECRETS].sort());
});

function assertionKeyOf(vars: Record<string, string>): Record<string, string> {
  return JSON.parse(vars.ASSERTION_KEY ?? "");
}

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}
