/**
 * The text that `npm start` prints: keys, variables to export, and commands to paste. Pure.
 *
 * Guarantees that every command is complete (keys are written out, no step depends on a variable of another) and needs
 * curl, sed and sleep only. Titles are shell comments, so that the whole text can be pasted. The live key works after
 * the last step.
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
  /** One line that says what the command shows. Without quotes, which an interactive zsh parses in comments too. */
  title: string;
  command: string;
  /** The command's output: lines and texts that it contains, texts that it does not contain. */
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
    step("Publish it: 200, at the sandbox origin", publishNewest(demo, test), {
      lines: ["200"],
      shows: ['"status":"published"', "https://sandbox.example/"],
    }),
    step(
      "The live origin did not receive it: the list of the live key has no such post",
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
      "Send the first request to the live origin directly, with every header that a client can forge: 401",
      requestOriginDirectly(demo),
      { lines: ["401"], shows: ["Only the gateway may call this origin"], hides: ["posts"] },
    ),
  ];
}

function revocations(demo: Demo): Step[] {
  const { live, readOnly } = demo.keys;
  return [
    step(
      "Revoke the read-only key while one of its requests waits for the origin: that request gets 401",
      revokeInFlight(demo, readOnly),
      {
        lines: ["revoke: 200", "waiting request: 401"],
        shows: ["Invalid or expired API key", readOnly.id, "effective_at"],
        hides: [readOnly.secret],
      },
    ),
    step("Use the revoked key: 401", listPosts(demo, readOnly), {
      lines: ["401"],
      shows: ["Invalid or expired API key"],
      hides: ["posts"],
    }),
    step("Use the live key, which still works: 200", listPosts(demo, live), {
      lines: ["200"],
      shows: ["of the live origin"],
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

/** With the gateway's headers, except the one that only the gateway can sign. */
function requestOriginDirectly({ liveOriginUrl, account, keys }: Demo): string {
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

/** Lists are newest first: the first ID is that of the post just created. */
function publishNewest(demo: Demo, key: DemoKey): string {
  return [
    `id=$(curl -sS ${postsUrl(demo)} ${bearer(key.secret)} \\`,
    `  | sed 's/^{"posts":\\[{"id":"\\([^"]*\\)".*/\\1/')`,
    `curl -sS ${STATUS} -X POST ${postsUrl(demo)}/$id/publish \\`,
    `  ${bearer(key.secret)}`,
  ].join("\n");
}

/** In a subshell, which prints no job messages. */
function revokeInFlight(demo: Demo, key: DemoKey): string {
  const url = `${demo.gatewayUrl}/control/v1/accounts/${demo.account}/keys/${key.id}/revoke`;
  return [
    `(curl -sS -w '\\nwaiting request: %{http_code}\\n' '${postsUrl(demo)}?demo_delay_ms=10000' \\`,
    `  ${bearer(key.secret)} &`,
    "sleep 1",
    `curl -sS -w '\\nrevoke: %{http_code}\\n' -X POST ${url} \\`,
    `  ${bearer(demo.controlToken)}`,
    "wait)",
  ].join("\n");
}

export function renderWalkthrough(demo: Demo, steps: Step[]): string {
  const { live, test, readOnly } = demo.keys;
  return [
    `The gateway answers at ${demo.gatewayUrl}`,
    "",
    "Created for this run, valid until it stops, and shown nowhere else:",
    "",
    `  live key            ${live.secret}   full access`,
    `  test key            ${test.secret}   full access`,
    `  read-only live key  ${readOnly.secret}   posts:read`,
    `  control token       ${demo.controlToken}`,
    "",
    "Paste into another terminal, from top to bottom:",
    "",
    "# For commands of your own, such as: npm run keys -- list",
    ...exportLines(demo),
    "",
    ...steps.flatMap(({ title, command }, index) => [`# ${index + 1}. ${title}`, command, ""]),
  ].join("\n");
}

/** The first three are the variables of `npm run keys`. */
function exportLines({ gatewayUrl, account, controlToken, keys }: Demo): string[] {
  return [
    `export OCTOPOST_GATEWAY_URL=${gatewayUrl}`,
    `export OCTOPOST_ACCOUNT=${account}`,
    `export OCTOPOST_CONTROL_TOKEN=${controlToken}`,
    `export OCTOPOST_LIVE_KEY=${keys.live.secret}`,
    `export OCTOPOST_TEST_KEY=${keys.test.secret}`,
  ];
}
