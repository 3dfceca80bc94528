import { expect, test } from "vitest";
import { readStartSettings } from "../../src/demo/start-options.ts";

test("without flags, the ports of the README", () => {
  expect(readStartSettings([])).toEqual({
    ports: { port: 8787, "live-port": 9101, "sandbox-port": 9102 },
  });
});

test("takes each port from its flag, in either spelling", () => {
  expect(readStartSettings(["--port", "1", "--live-port=2", "--sandbox-port", "65535"])).toEqual({
    ports: { port: 1, "live-port": 2, "sandbox-port": 65535 },
  });
});

test.each([
  [["--prot", "1"], "--prot"],
  [["1"], "1"],
  [["--port"], "--port"],
  [["--port", ""], "--port"],
  [["--port", "0"], "--port"],
  [["--port", "65536"], "--port"],
  [["--port", "1e3"], "--port"],
  [["--live-port", "9101.5"], "--live-port"],
  [["--sandbox-port", "abc"], "--sandbox-port"],
  [["--port", "9101"], "three different ports"],
])("says what is wrong with %j", (args, named) => {
  expect(readStartSettings(args)).toEqual({ mistake: expect.stringContaining(named) });
});
