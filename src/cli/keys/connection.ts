// The gateway's address and the credential, from the options and the environment.
//
// Guarantees that the control token is never an argument (other users can read those), never printed, and never sent
// unencrypted over a network: plain http is for loopback only, and so is the token in .dev.vars.

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { parseEnv } from "node:util";
import { InvalidArgumentError } from "commander";
import { TOKEN_TEXT } from "../../http/header-text.ts";
import { isLoopback } from "../../http/host.ts";
import { UsageError } from "./errors.ts";

export const DEFAULT_URL = "http://localhost:8787";
const ACTOR_MAX_LENGTH = 100;

/** The gateway's origin, `scheme://host[:port]`. */
export function gatewayUrl(text: string): string {
  const url = URL.parse(text);
  const isOrigin = url?.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (!isOrigin || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new InvalidArgumentError("Use scheme, host and port only, for example https://api.octopost.ink.");
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new InvalidArgumentError("Use https: over plain http, the token can be read on the network.");
  }
  return url.origin;
}

export function isLocal(origin: string): boolean {
  return isLoopback(new URL(origin).hostname);
}

export interface ControlToken {
  readonly text: string;
  /** Named in errors, so that a person knows which token to change. */
  readonly source: "OCTOPOST_CONTROL_TOKEN" | ".dev.vars";
}

/** `devVarsPath`: the file with the local secrets of `npm run dev`. */
export function controlToken(
  origin: string,
  environment: Readonly<Record<string, string | undefined>>,
  devVarsPath: string,
): ControlToken {
  const source = environment.OCTOPOST_CONTROL_TOKEN ? "OCTOPOST_CONTROL_TOKEN" : ".dev.vars";
  const text =
    environment.OCTOPOST_CONTROL_TOKEN || (isLocal(origin) ? tokenOfDevVars(devVarsPath) : undefined);
  if (!text) {
    const orDev = isLocal(origin) ? ", or start the gateway with npm run dev" : "";
    throw new UsageError(
      `no control token: set OCTOPOST_CONTROL_TOKEN to the gateway's CONTROL_TOKEN, or to the token of a credential of CONTROL_CREDENTIALS${orDev}`,
    );
  }
  if (/^oct_(?:live|test)_/.test(text)) {
    throw new UsageError(
      `the control token in ${source} is an API key; the control plane needs the gateway's CONTROL_TOKEN, or the token of a credential`,
    );
  }
  if (!TOKEN_TEXT.test(text)) {
    throw new UsageError(
      `the control token in ${source} has a space or another character that a token cannot have`,
    );
  }
  return { text, source };
}

function tokenOfDevVars(path: string): string | undefined {
  try {
    return parseEnv(readFileSync(path, "utf8")).CONTROL_TOKEN;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** `cli:` and the user name, as printable ASCII. */
export function defaultActor(): string {
  let user = "";
  try {
    user = userInfo().username;
  } catch {
    // A container may run as a user without a name.
  }
  return `cli:${user.replaceAll(/[^\x21-\x7e]/g, "?") || "unknown"}`.slice(0, ACTOR_MAX_LENGTH);
}
