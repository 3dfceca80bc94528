/** The parts of the benchmark in order. Each produces its part of the results and needs no other, except for a pace. */
import type { Bench } from "./bench.ts";
import { measureColdStarts } from "./cold-starts.ts";
import { type Growth, medianOf, type Results } from "./figures.ts";
import { GROWTH } from "./growth.ts";
import { measureOpenStreams } from "./open-requests.ts";
import { startOutside } from "./outside.ts";
import { PAIRS } from "./outside-pairs.ts";
import { measureScenario } from "./rounds.ts";
import { type Keys, outsideScenarios, SCENARIOS, type Scenario, WITHOUT_LIMITS } from "./scenarios.ts";
import { measureSizeAndStart } from "./size-and-start.ts";
import { countStoreCalls } from "./store-calls.ts";
import type { Server } from "./workerd.ts";
import { createKeys, type RunningGateway, startGateway, startPlain, startUsual } from "./workers.ts";

export interface Part {
  readonly name: string;
  readonly measure: (bench: Bench, results: Results) => Promise<Partial<Results>>;
}

interface Contestants {
  readonly servers: Readonly<Record<string, Server>>;
  readonly keys: Keys;
}

const THOUSAND = 1000;

/** Servers start when the first part needs them; `close` stops them. */
export function partsOf(): { parts: readonly Part[]; close: () => Promise<void> } {
  const started: Server[] = [];
  const start = <Running extends Server>(server: Running): Running => {
    started.push(server);
    return server;
  };
  let workers: Promise<Contestants> | undefined;
  const workersOf = (bench: Bench) => {
    workers ??= startWorkers(bench, start);
    return workers;
  };
  const parts: Part[] = [
    ...SCENARIOS.map((scenario) => ({
      name: scenario.name,
      measure: async (bench: Bench, results: Results) =>
        measured(bench, results, scenario, await workersOf(bench)),
    })),
    {
      name: "outside Workers",
      measure: async (bench, results) => measureOutside(bench, results, await workersOf(bench), start),
    },
    { name: "calls to the stores", measure: async (bench) => ({ calls: await countStoreCalls(bench) }) },
    { name: "cold starts", measure: async (bench) => ({ coldStarts: await measureColdStarts(bench) }) },
    { name: "open streams", measure: async (bench) => ({ openStreams: await measureOpenStreams(bench) }) },
    {
      name: "size and start",
      measure: async ({ bundle }) => ({ sizeAndStart: await measureSizeAndStart(bundle) }),
    },
    growthPart("growth of an account's keys", "leaseMs"),
    growthPart("growth of isolates on one key", "isolates"),
    growthPart("growth of requests in flight", "inFlight"),
    growthPart("growth of an isolate's memory of keys", "cache"),
  ];
  const close = async () => {
    await Promise.all(started.map((server) => server.close()));
  };
  return { parts, close };
}

function growthPart(name: string, of: keyof Growth): Part {
  const measure = async (bench: Bench, { growth }: Results) => ({
    growth: { ...growth, [of]: await GROWTH[of](bench) },
  });
  return { name, measure };
}

async function measured(
  bench: Bench,
  results: Results,
  scenario: Scenario,
  { servers, keys }: Contestants,
): Promise<Pick<Results, "scenarios">> {
  const rounds = await measureScenario(bench, scenario, servers, keys, rateOf(scenario, results));
  return { scenarios: { ...results.scenarios, [scenario.name]: rounds } };
}

function rateOf({ paced }: Scenario, { scenarios }: Results): number | undefined {
  if (paced === undefined) return undefined;
  const rounds = scenarios[paced.of];
  if (rounds === undefined) throw new Error(`"${paced.of}" must be measured first`);
  const paces = (paced.by === undefined ? Object.keys(rounds) : [paced.by]).map((contestant) =>
    medianOf(rounds, contestant, "perSecond"),
  );
  return paced.share * Math.min(...paces);
}

async function measureOutside(
  bench: Bench,
  results: Results,
  { servers, keys }: Contestants,
  start: (server: Server) => Server,
): Promise<Partial<Results>> {
  const outside = await startOutside(bench.originUrl, keys.one);
  for (const server of Object.values(outside)) start(server);
  const all = { ...servers, ...outside };
  const names = [...new Set(PAIRS.flatMap((pair) => [pair.without, pair.with]))];
  const present = names.filter((name) => name in all);
  let found = results;
  for (const scenario of outsideScenarios(present)) {
    found = { ...found, ...(await measured(bench, found, scenario, { servers: all, keys })) };
  }
  return { scenarios: found.scenarios };
}

async function startWorkers(
  bench: Bench,
  start: <Running extends Server>(server: Running) => Running,
): Promise<Contestants> {
  const gateway = start(await startGateway(bench));
  const keys = await keysOf(gateway);
  const servers = {
    bare: start(await startPlain("bare.js", bench.originUrl)),
    floor: start(await startPlain("floor.js", bench.originUrl)),
    refusing: start(await startPlain("refusing.js", bench.originUrl)),
    usual: start(await startUsual(bench.originUrl, [keys.one])),
    gateway,
    [WITHOUT_LIMITS]: gateway,
  };
  return { servers, keys };
}

async function keysOf({ control, port }: RunningGateway): Promise<Keys> {
  const [one, ...thousand] = (await createKeys(control, 1 + THOUSAND)).map(({ secret }) => secret);
  const revoked = await control.createKey();
  await control.revoke(revoked.account, revoked.id);
  await control.call("PUT", "/accounts/limited", { tier: { requests_per_minute: 1, publish_per_hour: 1 } });
  const limited = (await control.createKey({ account: "limited" })).secret;
  await fetch(`http://127.0.0.1:${port}/v1/posts`, { headers: { Authorization: `Bearer ${limited}` } });
  await control.call("PUT", "/accounts/unlimited", { tier: "unlimited" });
  const unlimited = (await control.createKey({ account: "unlimited" })).secret;
  return { one: one as string, unlimited, thousand, revoked: revoked.secret, limited };
}
