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
    // The title is printed as a shell comment: one line, nothing a shell could take for a quote.
    expect(title).toMatch(/^[^\n'"`]+$/);
    expect(command).toContain("curl -sS -w");
    expect(command).toContain("%{http_code}");
    expect(expected.lines.length).toBeGreaterThan(0);
  });
});

test("prints every key, the token and every command as it is to be pasted", () => {
  const text = renderWalkthrough(demo, steps);
  for (const { secret } of Object.values(demo.keys)) expect(text).toContain(secret);
  expect(text).toContain(demo.controlToken);
  expect(text).toContain("made for this run");
  steps.forEach(({ title, command }, index) => {
    expect(text).toContain(`\n# ${index + 1}. ${title}\n${command}\n`);
  });
});

test("only the control plane is shown the control token, and no API key", () => {
  for (const { command } of steps) {
    const curls = command.split(/(?=curl )/);
    for (const curl of curls.filter((text) => text.includes(demo.controlToken))) {
      expect(curl).toContain("/control/v1/");
      expect(curl).not.toContain("oct_");
    }
  }
});
