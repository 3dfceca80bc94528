/** Credentials of tests: one for each set of rights, with a token that follows from them. */
import { createHash } from "node:crypto";

/** Independent of src/control-credentials.ts, which it checks. */
export const RIGHTS = ["keys:read", "keys:write", "keys:revoke", "accounts:write", "portal", "operate"];

const ALL_BUT_ONE = RIGHTS.map((right) => RIGHTS.filter((other) => other !== right));
const ONE = RIGHTS.map((right) => [right]);

/** `CONTROL_CREDENTIALS` with each right alone, and all rights but one. */
export const CONTROL_CREDENTIALS = JSON.stringify(
  [...ONE, ...ALL_BUT_ONE].map((may) => ({ name: nameOf(may), sha256: sha256(tokenOf(may)), may })),
);

/** `CONTROL_TOKEN_PREVIOUS`. */
export const PREVIOUS_TOKEN = "the-control-token-before-this-one";

/** The token of the credential with these rights. */
export function tokenOf(may: readonly string[]): string {
  return `token-of-a-test-with-${nameOf(may)}`;
}

/** The credential's name: the actor in the event log. */
export function nameOf(may: readonly string[]): string {
  return may.map((right) => right.replace(":", ".")).join("_");
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
