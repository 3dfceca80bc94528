import { describe, expect, test } from "vitest";
import { renderWalkthrough, walkthrough } from "../../src/demo/walkthrough.ts";

const demo = {
  gatewayUrl: "http://localhost:8787",
  liveOriginUrl: "http://127.0.0.1:9101",
  account: "demo",
  controlToken: "CONTROL-TOKEN",
  keys: {
    live: { id: "key_live", secret: "oct_live_full" },
    test: { id: "key_test", secret: "oct_test_full" },
    readOnly: { id: "key_read", secret: "oct_live_read" },
  },
};
const steps = walkthrough(demo);

describe("every step", () => {
  test.each(steps)("$title", ({ title, command, expect: expected }) => {
    // The title is printed as a shell comment: one line without quotes.
    expect(title).toMatch(/^[^\n'"`]+$/);
    expect(command).toContain("curl -sS -w");
    expect(command).toContain("%{http_code}");
    expect(expected.lines.length).toBeGreaterThan(0);
  });
});

test("prints every key, the token and every command, ready to paste", () => {
  const text = renderWalkthrough(demo, steps);
  for (const { secret } of Object.values(demo.keys)) expect(text).toContain(secret);
  expect(text).toContain(demo.controlToken);
  expect(text).toContain("Created for this run");
  steps.forEach(({ title, command }, index) => {
    expect(text).toContain(`\n# ${index + 1}. ${title}\n${command}\n`);
  });
});

test("sends the control token to the control plane only, and no API key with it", () => {
  for (const { command } of steps) {
    const curls = command.split(/(?=curl )/);
    for (const curl of curls.filter((text) => text.includes(demo.controlToken))) {
      expect(curl).toContain("/control/v1/");
      expect(curl).not.toContain("oct_");
    }
  }
});

test("does not revoke the live key, and ends with a request that it makes", () => {
  const { live } = demo.keys;
  for (const { command } of steps) expect(command).not.toContain(`/keys/${live.id}/revoke`);
  expect(steps.at(-1)?.command).toContain(live.secret);
  expect(steps.at(-1)?.expect.lines).toEqual(["200"]);
});

test("exports the variables of the CLI and both full keys", () => {
  const exported = [...renderWalkthrough(demo, steps).matchAll(/^export (\w+)=(\S+)$/gm)];
  expect(Object.fromEntries(exported.map(([, name, value]) => [name, value]))).toEqual({
    OCTOPOST_GATEWAY_URL: demo.gatewayUrl,
    OCTOPOST_ACCOUNT: demo.account,
    OCTOPOST_CONTROL_TOKEN: demo.controlToken,
    OCTOPOST_LIVE_KEY: demo.keys.live.secret,
    OCTOPOST_TEST_KEY: demo.keys.test.secret,
  });
});
