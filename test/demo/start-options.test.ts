import { expect, test } from "vitest";
import { HELP, readStartOptions, startCommand } from "../../src/demo/start-options.ts";

const DEFAULT_PORTS = { port: 8787, "live-port": 9101, "sandbox-port": 9102 };

test("without options, the ports of the README", () => {
  expect(readStartOptions([])).toEqual({ ports: DEFAULT_PORTS });
});

test("reads each port from its option, in either spelling", () => {
  expect(readStartOptions(["--port", "1", "--live-port=2", "--sandbox-port", "65535"])).toEqual({
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
])("rejects %j and says what is wrong", (args, text) => {
  expect(readStartOptions(args)).toEqual({ error: expect.stringContaining(text) });
});

test.each([[["--help"]], [["-h"]], [["--port", "x", "--help"]]])("%j asks for help", (args) => {
  expect(readStartOptions(args)).toEqual({ help: true });
});

test("the help names every option", () => {
  for (const name of [...Object.keys(DEFAULT_PORTS), "help"]) expect(HELP).toContain(`--${name}`);
});

test("the command for some ports names those that are not the default, and is understood", () => {
  const ports = { ...DEFAULT_PORTS, port: 8788, "sandbox-port": 9103 };
  const command = startCommand(ports);
  expect(command).toBe("npm start -- --port 8788 --sandbox-port 9103");
  expect(readStartOptions(command.split(" ").slice(3))).toEqual({ ports });
});
