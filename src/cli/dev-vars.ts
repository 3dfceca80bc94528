/**
 * Local secrets in .dev.vars, which `wrangler dev` reads.
 *
 * Guarantees that a missing secret is generated at random and an existing one, even an empty one, is never changed.
 * The file is created atomically and readable by its owner only. It is in .gitignore, and no deployed gateway uses it.
 */
import { randomBytes } from "node:crypto";
import { appendFile, chmod, link, readFile, rm, writeFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { newAssertionKey } from "./assertion-key.ts";

/** Equal to `[secrets] required` in wrangler.toml; a test compares the two. */
export const LOCAL_SECRETS = ["KEY_PEPPER", "CONTROL_TOKEN", "ASSERTION_KEY"] as const;
type LocalSecret = (typeof LOCAL_SECRETS)[number];
export type DevVars = Record<LocalSecret, string> & Record<string, string>;

function newSecret(name: LocalSecret): string {
  // In single quotes, wrangler and parseEnv read the JSON unchanged.
  if (name === "ASSERTION_KEY") return `'${JSON.stringify(newAssertionKey())}'`;
  return randomBytes(SECRET_BYTES).toString("base64url");
}

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/** Adds missing secrets, then returns every variable of the file. */
export async function ensureDevVars(path: string): Promise<DevVars> {
  await createUnlessExists(path);
  const existing = await readFile(path, "utf8");
  const present = parseEnv(existing);
  const missing = LOCAL_SECRETS.filter((name) => present[name] === undefined);
  if (missing.length > 0) {
    // A file that was written by hand may be readable by everyone.
    await chmod(path, OWNER_ONLY);
    const separator = existing === "" || existing.endsWith("\n") ? "" : "\n";
    await appendFile(path, separator + newLines(missing));
  }
  return parseEnv(await readFile(path, "utf8")) as DevVars;
}

async function createUnlessExists(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, newLines(LOCAL_SECRETS), { mode: OWNER_ONLY, flag: "wx" });
    // Unlike rename, link never overwrites: of two concurrent first runs, the second one fails with EEXIST.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function newLines(names: readonly LocalSecret[]): string {
  return names.map((name) => `${name}=${newSecret(name)}\n`).join("");
}
