/**
 * The secrets of this machine, in .dev.vars, where `wrangler dev` looks for them.
 *
 * Guarantees: a missing secret is made at random; one that is there, even an empty one, is never
 * changed. The file appears whole or not at all, and only its owner may read it. It is never
 * committed (.gitignore), and no deployed gateway uses it.
 */
import { randomBytes } from "node:crypto";
import { appendFile, chmod, link, readFile, rm, writeFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { newAssertionKey } from "./assertion-key.ts";

/** What `[secrets] required` in wrangler.toml lists; a test keeps the two alike. */
export const LOCAL_SECRETS = ["KEY_PEPPER", "CONTROL_TOKEN", "ASSERTION_KEY"] as const;
type LocalSecret = (typeof LOCAL_SECRETS)[number];
export type DevVars = Record<LocalSecret, string> & Record<string, string>;

function newSecret(name: LocalSecret): string {
  // Single quotes keep the JSON as it is, for wrangler as for parseEnv.
  if (name === "ASSERTION_KEY") return `'${JSON.stringify(newAssertionKey())}'`;
  return randomBytes(SECRET_BYTES).toString("base64url");
}

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/** Makes what is missing, then answers everything the file says. */
export async function ensureDevVars(path: string): Promise<DevVars> {
  await createUnlessThere(path);
  const before = await readFile(path, "utf8");
  const present = parseEnv(before);
  const missing = LOCAL_SECRETS.filter((name) => present[name] === undefined);
  if (missing.length > 0) {
    // A file someone wrote by hand may be open to all; from now on it holds a secret of ours.
    await chmod(path, OWNER_ONLY);
    const separator = before === "" || before.endsWith("\n") ? "" : "\n";
    await appendFile(path, separator + newLines(missing));
  }
  return parseEnv(await readFile(path, "utf8")) as DevVars;
}

async function createUnlessThere(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, newLines(LOCAL_SECRETS), { mode: OWNER_ONLY, flag: "wx" });
    // Unlike a rename, a link never replaces: of two first runs at once, the second finds the file.
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
