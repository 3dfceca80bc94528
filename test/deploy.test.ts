/**
 * Deployment checks that work offline: wrangler accepts the configuration of every environment without a warning,
 * the Worker starts, and wrangler.toml, the types generated from it, docs/settings.md and the check of the settings
 * (src/settings.ts) agree on every name. Nothing here reaches the network.
 */

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newAssertionKey } from "../src/cli/assertion-key.ts";
import { PROJECT_DIRECTORY } from "../src/cli/local-wrangler.ts";
import type { Env } from "../src/env.ts";
import { readSettings } from "../src/settings.ts";
import { codeIn, pageText, tableRows } from "./docs/pages.ts";
import { WranglerThread } from "./support/wrangler-thread.ts";

const WRANGLER_LIMIT_MS = 120_000;
const WRANGLER_TOML = join(PROJECT_DIRECTORY, "wrangler.toml");

/** The top level is for this machine; the others are deployed. */
const DEPLOYED = ["production", "staging"] as const;
const ENVIRONMENTS = ["", ...DEPLOYED] as const;
type Environment = (typeof ENVIRONMENTS)[number];

/** Accepted if present; an environment has them only while a secret is rotated. */
const OPTIONAL_SECRETS = [
  "KEY_PEPPER_PREVIOUS",
  "CONTROL_TOKEN_PREVIOUS",
  "CONTROL_CREDENTIALS",
  "EVENTS_SECRET",
];
/** Shown by /healthz only, so it is not checked. */
const UNCHECKED = "CF_VERSION_METADATA";

let directory: string;
let wrangler: WranglerThread;
const configs = new Map<Environment, Config>();
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "octopost-deploy-test-"));
  wrangler = new WranglerThread();
  for (const env of ENVIRONMENTS) configs.set(env, (await wrangler.readConfig(WRANGLER_TOML, env)) as Config);
});
afterAll(async () => {
  await wrangler.end();
  await rm(directory, { recursive: true, force: true });
});

/** The part of wrangler's parsed configuration that these tests read. */
interface Config {
  readonly name: string;
  readonly main: string;
  readonly routes?: readonly unknown[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly secrets?: { readonly required?: readonly string[] };
  readonly kv_namespaces: readonly { readonly binding: string; readonly id?: string }[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string }[] };
  readonly ratelimits: readonly { readonly name: string; readonly namespace_id: string }[];
  readonly analytics_engine_datasets: readonly { readonly binding: string; readonly dataset: string }[];
  readonly version_metadata?: { readonly binding: string };
  readonly observability?: { readonly logs?: object };
  readonly [other: string]: unknown;
}

function configOf(env: Environment): Config {
  return configs.get(env) as Config;
}

/** The Worker's environment: fake bindings and secrets, and the real vars. */
function workerEnv(env: Environment): Record<string, unknown> {
  const config = configOf(env);
  const does = (method: string) => ({ [method]() {} });
  const made: Record<string, unknown> = {
    KEY_PEPPER: "a pepper that is long enough",
    CONTROL_TOKEN: "a-token-that-is-long-enough",
    ASSERTION_KEY: JSON.stringify(newAssertionKey()),
  };
  return {
    ...config.vars,
    ...Object.fromEntries((config.secrets?.required ?? []).map((name) => [name, made[name]])),
    ...Object.fromEntries(config.kv_namespaces.map(({ binding }) => [binding, does("get")])),
    ...Object.fromEntries(config.durable_objects.bindings.map(({ name }) => [name, does("getByName")])),
    ...Object.fromEntries(config.ratelimits.map(({ name }) => [name, does("limit")])),
    ...Object.fromEntries(
      config.analytics_engine_datasets.map(({ binding }) => [binding, does("writeDataPoint")]),
    ),
    ...(config.version_metadata && { [config.version_metadata.binding]: {} }),
  };
}

/** Every name that the check of the settings reads. */
function namesChecked(): string[] {
  const names = new Set<string>();
  const recording = (look: "get" | "has") => (env: object, name: string | symbol) => {
    if (typeof name === "string") names.add(name);
    return Reflect[look](env, name);
  };
  const watched = new Proxy(workerEnv("production"), { get: recording("get"), has: recording("has") });
  expect(readSettings(watched as unknown as Env)).not.toHaveProperty("reason");
  return [...names].sort();
}

describe.each(ENVIRONMENTS)("environment %j", (env) => {
  test("allows a stream the subrequests of a whole day, with the shortest leases too", () => {
    const { limits } = configOf(env) as { limits?: { subrequests?: number } };
    const shortestLeaseMs = 100;
    const callsPerDay = (24 * 60 * 60 * 1000) / (shortestLeaseMs / 2);
    expect(limits?.subrequests).toBeGreaterThan(callsPerDay);
    // The platform's own bound.
    expect(limits?.subrequests).toBeLessThanOrEqual(10_000_000);
    expect(Object.keys(limits ?? {})).toEqual(["subrequests"]);
  });

  test(
    "is accepted by `wrangler deploy --dry-run` without a warning, with every binding",
    async () => {
      const output = await wrangler.run(
        "deploy",
        "--dry-run",
        `--env=${env}`,
        "--outdir",
        join(directory, `out-${env}`),
      );
      expect(output).not.toMatch(/WARNING|ERROR|▲|✘|deprecated/i);
      expect(output).toContain("--dry-run: exiting now.");
      const secret = new Set(configOf(env).secrets?.required);
      for (const name of Object.keys(workerEnv(env)).filter((one) => !secret.has(one))) {
        expect(output).toMatch(new RegExp(`^env\\.${name}\\b`, "m"));
      }
      expect(await readdir(join(directory, `out-${env}`))).toContain("worker.js");
    },
    WRANGLER_LIMIT_MS,
  );

  test("passes the check of the settings, once its secrets are set", () => {
    expect(readSettings(workerEnv(env) as unknown as Env)).not.toHaveProperty("reason");
  });

  test("requires each of its secrets, and there are no others", () => {
    const required = configOf(env).secrets?.required ?? [];
    for (const name of required) {
      const without = { ...workerEnv(env), [name]: undefined };
      expect(readSettings(without as unknown as Env)).toEqual({ reason: "invalid_setting", setting: name });
    }
    const elsewhere = Object.keys(workerEnv(env)).filter((name) => !required.includes(name));
    expect([...required, ...OPTIONAL_SECRETS].sort()).toEqual(
      namesChecked().filter((name) => !elsewhere.includes(name)),
    );
  });

  test("has every var and binding that the top level has, and no other", () => {
    expect(Object.keys(configOf(env).vars).sort()).toEqual(Object.keys(configOf("").vars).sort());
    expect(Object.keys(workerEnv(env)).sort()).toEqual(Object.keys(workerEnv("")).sort());
    expect(Object.keys(workerEnv(env)).sort()).toEqual(
      [...namesChecked(), UNCHECKED].filter((name) => !OPTIONAL_SECRETS.includes(name)).sort(),
    );
  });

  test("is reached through its routes only, and nothing answers in the Worker's place", () => {
    const config = configOf(env);
    expect(config).toMatchObject({ workers_dev: false, preview_urls: false });
    // A cache would answer before the key is checked.
    expect((config.cache as { enabled?: boolean } | undefined)?.enabled ?? false).toBe(false);
    for (const name of ["assets", "site", "placement", "tail_consumers"]) {
      expect(config[name], name).toBeUndefined();
    }
  });

  test("logs only the gateway's own lines, not the platform's, which may contain headers; traces have no query string", () => {
    const { observability } = configOf(env);
    expect(observability?.logs).toMatchObject({ enabled: true, invocation_logs: false });
    expect(observability).toMatchObject({ redact_query_string: true });
  });

  test("has ledgers in SQLite whose code is updated at once", () => {
    const config = configOf(env);
    expect(config.durable_objects).toMatchObject({
      bindings: [{ name: "KEY_LEDGER", class_name: "KeyLedger" }],
      code_update_strategy: { mode: "immediate" },
    });
    expect(config.migrations).toEqual([{ tag: "v1", new_sqlite_classes: ["KeyLedger"] }]);
  });
});

test("docs/settings.md has every binding, variable and secret, with the values of wrangler.toml", () => {
  const rows = tableRows(pageText("docs/settings.md")).map(([cell = ""]) => cell);
  expect(
    rows
      .flatMap(codeIn)
      .filter((name) => /^[A-Z_]+$/.test(name))
      .sort(),
  ).toEqual([...namesChecked(), UNCHECKED].sort());
  const shown = rows.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)` \(`?([^)`]+)`?\)/g)]);
  expect(shown.length).toBeGreaterThan(6);
  const { vars } = configOf("production");
  for (const [, name = "", value] of shown) expect(`${name} ${vars[name]}`).toBe(`${name} ${value}`);
});

describe("what is deployed", () => {
  let production: Config;
  let staging: Config;
  beforeAll(() => {
    [production, staging] = DEPLOYED.map(configOf) as [Config, Config];
  });

  test("has a domain of its own in each environment, so that staging never takes production's", () => {
    expect(production.routes).toEqual([{ pattern: "api.octopost.ink", custom_domain: true }]);
    expect(staging.routes).toEqual([{ pattern: "api.staging.octopost.ink", custom_domain: true }]);
    expect(configOf("").routes ?? []).toEqual([]);
  });

  test("shares no name, no store and no counter between production and staging", () => {
    expect(staging.name).not.toBe(production.name);
    const shared = [
      (config: Config) => config.ratelimits.map(({ namespace_id }) => namespace_id),
      (config: Config) => config.analytics_engine_datasets.map(({ dataset }) => dataset),
      (config: Config) => config.kv_namespaces.map(({ id }) => id).filter((id) => id !== undefined),
      (config: Config) => [config.vars.LIVE_ORIGIN, config.vars.SANDBOX_ORIGIN],
    ].map((of) => of(production).filter((one) => (of(staging) as unknown[]).includes(one)));
    expect(shared.flat()).toEqual([]);
  });

  test("has https origins and metrics, and sends no Server-Timing in production", () => {
    for (const { vars } of [production, staging]) {
      expect([vars.LIVE_ORIGIN, vars.SANDBOX_ORIGIN].join(" ")).toMatch(/^https:\S+ https:\S+$/);
      expect(vars.METRICS).toBe("on");
    }
    expect(production.vars.SERVER_TIMING).toBe("");
    expect(production.vars.LEASE_MS).toBe(1000);
  });
});

test(
  "the Worker starts: `wrangler check startup`",
  async () => {
    const profile = join(directory, "startup.cpuprofile");
    const output = await wrangler.run("check", "startup", "--env=production", "--outfile", profile);
    expect(output).not.toMatch(/WARNING|ERROR|▲|✘/);
    expect(JSON.parse(await readFile(profile, "utf8"))).toHaveProperty("nodes");
  },
  WRANGLER_LIMIT_MS,
);

test(
  "the types that wrangler generates from wrangler.toml have the names of the check, and fit its `Env`",
  async () => {
    await wrangler.run("types", join(directory, "generated.d.ts"), "--include-runtime=false");
    const generated = await readFile(join(directory, "generated.d.ts"), "utf8");
    const members = /interface __BaseEnv_Env \{([^}]*)\}/.exec(generated)?.[1] ?? "";
    // A question mark would mean that some environment lacks it.
    const names = [...members.matchAll(/^\s*(\w+\??):/gm)].map(([, name]) => name as string);
    expect(names.sort()).toEqual(
      [...namesChecked(), UNCHECKED].filter((name) => !OPTIONAL_SECRETS.includes(name)).sort(),
    );

    const env = JSON.stringify(join(PROJECT_DIRECTORY, "src/env.ts"));
    await writeFile(
      join(directory, "fit.ts"),
      `import type { Env } from ${env};\ndeclare const made: Cloudflare.Env;\nexport const checked: Env = { ...made };\n`,
    );
    await writeFile(
      join(directory, "tsconfig.json"),
      JSON.stringify({
        extends: join(PROJECT_DIRECTORY, "tsconfig.json"),
        compilerOptions: { types: [join(PROJECT_DIRECTORY, "node_modules/@cloudflare/workers-types")] },
        include: [],
        files: ["generated.d.ts", "fit.ts"],
      }),
    );
    const tsc = createRequire(import.meta.url)
      .resolve("typescript/package.json")
      .replace("package.json", "bin/tsc");
    const checked = await promisify(execFile)(process.execPath, [
      tsc,
      "--singleThreaded",
      "-p",
      directory,
    ]).catch((error: { stdout: string }) => error);
    expect(checked.stdout).toBe("");
  },
  WRANGLER_LIMIT_MS,
);
