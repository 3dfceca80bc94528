/**
 * Who calls the control plane, and what they may do: a token over HTTP, the `props` of a service binding over RPC, a
 * session of the key page.
 *
 * Guarantees that a credential can use only its rights, on its own accounts only, and that the actor in the event log is
 * its name: the name that a caller gives itself is logged beside it. It reads no input of an operation.
 */
import * as v from "valibot";
import { bindingProps, type ControlCredential, RIGHTS, type Right } from "../control-credentials.ts";
import { bearerToken } from "../http/bearer-token.ts";
import { base64url, equalInConstantTime, hex, isSameSecret, sha256 } from "../keys/digests.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";

export interface Credential {
  /** The actor in the event log. */
  readonly name: string;
  /** Identifies the credential, and does not reveal its token. */
  readonly id: string;
  readonly may: readonly Right[];
  /** null: every account. */
  readonly accounts: readonly string[] | null;
}

/** A session of the key page: what the page offers, on the session's account. */
export const KEY_PAGE: Credential = {
  name: "key_page",
  id: "key_page",
  may: ["keys:read", "keys:write", "keys:revoke"],
  accounts: null,
};

/** For the operations whose credential is the key in the body. */
export const POSSESSION: Credential = { name: "possession", id: "possession", may: [], accounts: null };

/** Separates this digest from every other one of the token. */
const ID_LABEL = "octopost control credential v1:";

/** The credential of a bearer token: `CONTROL_TOKEN`, its predecessor, or one of `CONTROL_CREDENTIALS`. */
export async function credentialOfToken(
  authorization: string | null,
  { controlTokens, controlCredentials }: Pick<Settings, "controlTokens" | "controlCredentials">,
): Promise<Credential | Refusal> {
  const token = bearerToken(authorization);
  if (typeof token !== "string") return token;
  const digest = hex(await sha256(token));
  // Compares with every credential, so that timing does not tell which one matched.
  const isControlToken = await Promise.all(controlTokens.map((one) => isSameSecret(token, one)));
  const named = controlCredentials.filter((one) => equalInConstantTime(digest, one.sha256));
  // Without the pepper, so that a call repeated during a pepper's rotation has the same credential.
  const id = base64url(await sha256(ID_LABEL + token));
  if (isControlToken.includes(true)) return { name: "control_token", id, may: RIGHTS, accounts: null };
  const [found] = named;
  return found ? granted(found, id) : { reason: "wrong_control_token" };
}

/** The credential of a service binding. Without well-formed `props` it has no rights. */
export function credentialOfBinding(props: unknown): Credential {
  const checked = v.safeParse(bindingProps, props);
  if (!checked.success) return { name: "unnamed_binding", id: "unnamed_binding", may: [], accounts: [] };
  return granted(checked.output, `binding:${checked.output.name}`);
}

/** Why the credential may not do this; null when it may. Another account's keys do not exist for it. */
export function refuseOutside(
  { may, accounts }: Credential,
  { right, path }: { readonly right: Right | "possession"; readonly path: string },
  account: unknown,
): Refusal | null {
  if (right === "possession") return null;
  if (!may.includes(right)) return { reason: "missing_right", right };
  const isOfAccount = path.includes("{account}");
  if (isOfAccount && accounts !== null && !accounts.includes(account as string))
    return { reason: "not_found" };
  return null;
}

function granted({ name, may, accounts }: Omit<ControlCredential, "sha256">, id: string): Credential {
  return { name, id, may, accounts: accounts ?? null };
}
