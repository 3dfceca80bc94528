// page: opens the account's key page in a browser.
//
// Guarantees that only an http or https URL is opened, without a shell. The link is used up by the first browser that
// continues from it and ends after five minutes: until then, other users of this machine can see it in the browser's
// command line, which --no-open avoids.

import { spawn } from "node:child_process";
import type { Command } from "commander";
import { createPortalSession } from "../../control/operations/portal.ts";
import { commandContext, printNote } from "./command-context.ts";
import { readableTime } from "./text-format.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export function addPageCommands(program: Command): void {
  program
    .command("page")
    .summary("open the account's key page in a browser")
    .description(
      "Create a link to the account's key page and open it in a browser; without a browser, print it. Anyone who has the link can manage the keys. It opens the page once, within five minutes.",
    )
    .option("--no-open", "print the link only")
    .addHelpText("after", PAGE_EXAMPLES)
    .action(page);
}

interface PageOptions {
  readonly open: boolean;
}

async function page({ open }: PageOptions, command: Command): Promise<void> {
  const context = commandContext(command);
  const link = await context.gateway.call(createPortalSession);
  context.print(link, `${link.url}\n`);
  const opener =
    open && context.terminalColumns !== undefined ? browserCommand(process.platform, process.env) : null;
  const isOpened = opener !== null && (await openUrl(opener, link.url));
  const use = `The link opens the key page once, until ${readableTime(link.expires_at)}.`;
  printNote(isOpened ? `Opening it in your browser. ${use}` : use);
}

/** The program that opens a URL in the user's browser; null: this session has no screen. */
export function browserCommand(
  platform: NodeJS.Platform,
  environment: Environment,
): readonly string[] | null {
  if (environment.SSH_CONNECTION) return null;
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  if (environment.WSL_DISTRO_NAME) return ["rundll32.exe", "url.dll,FileProtocolHandler"];
  return environment.DISPLAY || environment.WAYLAND_DISPLAY ? ["xdg-open"] : null;
}

/** Whether the program has started. */
function openUrl([program = "", ...args]: readonly string[], text: string): Promise<boolean> {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(program, [...args, url.href], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

const PAGE_EXAMPLES = `
Examples:
  npm run keys -- page --account acme
  npm run --silent keys -- page --account acme --no-open`;
