/**
 * What `npm start` prints: commands to paste, and what each of them shows. Pure: text in, text out.
 *
 * Guarantees: every command is complete in itself (keys written out, no variables left over from
 * another step) and needs curl, sed and sleep alone. Titles are shell comments, so that the whole
 * text may be pasted as well.
 */
export interface DemoKey {
  id: string;
  secret: string;
}

export interface DemoKeys {
  live: DemoKey;
  test: DemoKey;
  readOnly: DemoKey;
}

export interface Demo {
  gatewayUrl: string;
  liveOriginUrl: string;
  account: string;
  controlToken: string;
  keys: DemoKeys;
}

export interface Step {
  /** One line saying what the command shows. Without quotes: in a comment, zsh may read them. */
  title: string;
  command: string;
  /** Of the command's output: whole lines it has, texts it has, texts it has not. */
  expect: { lines: string[]; shows: string[]; hides: string[] };
}

const STATUS = "-w '\\n%{http_code}\\n'";

export function walkthrough(demo: Demo): Step[] {
  return [...livePosts(demo), ...sandboxPosts(demo), ...refusals(demo), ...revocations(demo)];
}

function livePosts(demo: Demo): Step[] {
  const { live } = demo.keys;
  return [
    step("List posts with the live key: 200, from the live origin", listPosts(demo, live), {
      lines: ["200"],
      shows: ["of the live origin"],
      hides: ["sandbox"],
    }),
    step("Create a post with the live key: 201, a draft", createPost(demo, live, "Hello from the live key"), {
      lines: ["201"],
      shows: ["post_", "Hello from the live key", '"status":"draft"'],
    }),
    step("Publish the newest post: 200, and its status is published", publishNewest(demo, live), {
      lines: ["200"],
      shows: ['"status":"published"', "https://live.example/"],
    }),
  ];
}

function sandboxPosts(demo: Demo): Step[] {
  const { live, test } = demo.keys;
  return [
    step(
      "Create a post with the test key: 201, at the sandbox origin",
      createPost(demo, test, "Hello from the test key"),
      {
        lines: ["201"],
        shows: ["post_", "Hello from the test key", '"status":"draft"'],
      },
    ),
    step("Publish it: 200, and nothing leaves the sandbox", publishNewest(demo, test), {
      lines: ["200"],
      shows: ['"status":"published"', "https://sandbox.example/"],
    }),
    step(
      "The live origin never heard of it: no such post in the list of the live key",
      listPosts(demo, live),
      {
        lines: ["200"],
        shows: ["Hello from the live key"],
        hides: ["Hello from the test key", "sandbox"],
      },
    ),
  ];
}

function refusals(demo: Demo): Step[] {
  return [
    step("Write with the read-only key: 403", createPost(demo, demo.keys.readOnly, "Not allowed"), {
      lines: ["403"],
      shows: ["API key does not have permission for this action"],
    }),
    step(
      "Send the first request to the live origin directly, with all that a stranger can write: 401",
      askOriginDirectly(demo),
      { lines: ["401"], shows: ["Only the gateway may call this origin"], hides: ["posts"] },
    ),
  ];
}

function revocations(demo: Demo): Step[] {
  const { live, readOnly } = demo.keys;
  return [
    step(
      "Revoke the read-only key while a request of it waits on the origin for 10 s: that request gets 401",
      revokeInFlight(demo, readOnly),
      {
        lines: ["revoke: 200", "waiting request: 401"],
        shows: ["Invalid or expired API key", "effective_at"],
      },
    ),
    step(
      "Revoke the live key: 200, with the moment from which it is refused everywhere",
      revoke(demo, live),
      {
        lines: ["200"],
        shows: [live.id, "effective_at"],
        hides: [live.secret],
      },
    ),
    step("Use the revoked key: 401", listPosts(demo, live), {
      lines: ["401"],
      shows: ["Invalid or expired API key"],
      hides: ["posts"],
    }),
  ];
}

function step(title: string, command: string, expect: Partial<Step["expect"]>): Step {
  return { title, command, expect: { lines: [], shows: [], hides: [], ...expect } };
}

const bearer = (secret: string) => `-H 'Authorization: Bearer ${secret}'`;
const postsUrl = (demo: Demo) => `${demo.gatewayUrl}/v1/posts`;

function listPosts(demo: Demo, key: DemoKey): string {
  return `curl -sS ${STATUS} ${postsUrl(demo)} \\\n  ${bearer(key.secret)}`;
}

/** With the gateway's own headers, but for the one that only the gateway can sign. */
function askOriginDirectly({ liveOriginUrl, account, keys }: Demo): string {
  const headers = [
    `-H 'X-Octopost-Account: ${account}' -H 'X-Octopost-Key-Id: ${keys.live.id}'`,
    "-H 'X-Octopost-Mode: live' -H 'X-Octopost-Permissions: all'",
  ];
  return [`curl -sS ${STATUS} ${liveOriginUrl}/v1/posts`, bearer(keys.live.secret), ...headers].join(
    " \\\n  ",
  );
}

function createPost(demo: Demo, key: DemoKey, content: string): string {
  return [
    `curl -sS ${STATUS} ${postsUrl(demo)}`,
    bearer(key.secret),
    `-H 'Content-Type: application/json' -d '${JSON.stringify({ content, platforms: ["bluesky"] })}'`,
  ].join(" \\\n  ");
}

/** Lists come newest first, so the first id is that of the post just made. */
function publishNewest(demo: Demo, key: DemoKey): string {
  return [
    `id=$(curl -sS ${postsUrl(demo)} ${bearer(key.secret)} \\`,
    `  | sed 's/^{"posts":\\[{"id":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS ${STATUS} -X POST ${postsUrl(demo)}/$id/publish \\`,
    `  ${bearer(key.secret)}`,
  ].join("\n");
}

function revoke(demo: Demo, key: DemoKey, status = STATUS): string {
  const url = `${demo.gatewayUrl}/control/v1/accounts/${demo.account}/keys/${key.id}/revoke`;
  return `curl -sS ${status} -X POST ${url} \\\n  ${bearer(demo.controlToken)}`;
}

/** In parentheses: a shell of its own keeps its job messages to itself. */
function revokeInFlight(demo: Demo, key: DemoKey): string {
  return [
    `(curl -sS -w '\\nwaiting request: %{http_code}\\n' '${postsUrl(demo)}?demo_delay_ms=10000' \\`,
    `  ${bearer(key.secret)} &`,
    "sleep 1",
    `${revoke(demo, key, "-w '\\nrevoke: %{http_code}\\n'")}`,
    "wait)",
  ].join("\n");
}

export function renderWalkthrough(demo: Demo, steps: Step[]): string {
  const { live, test, readOnly } = demo.keys;
  return [
    `The gateway answers at ${demo.gatewayUrl}`,
    "",
    "These were made for this run, end with it, and are shown nowhere but here:",
    "",
    `  live key            ${live.secret}   full access`,
    `  test key            ${test.secret}   full access`,
    `  read-only live key  ${readOnly.secret}   posts:read`,
    `  control token       ${demo.controlToken}`,
    "",
    "Paste into another terminal, from top to bottom:",
    "",
    ...steps.flatMap(({ title, command }, index) => [`# ${index + 1}. ${title}`, command, ""]),
  ].join("\n");
}
