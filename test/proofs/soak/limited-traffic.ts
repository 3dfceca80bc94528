/**
 * Keys with limits during a soak, over all gateways: used one request after another, seldom, and by several clients at
 * once, with limits that change, and an account whose keys share a limit.
 *
 * Never are more requests admitted in a window than the limit. In a window without faults a client that sends one request
 * after another is not refused before the limit is used up, and clients that go on until its end get all of it.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type RawResponse, rawRequest } from "../../support/raw-http.ts";
import { MINUTE_MS, wasQuiet } from "./quiet-minutes.ts";
import type { SoakContext } from "./soak-context.ts";

interface LimitedKey {
  readonly secret: string;
  readonly path: string;
}

/** Keys below one limit, and what was admitted of them by window. */
class LimitedGroup {
  readonly what: string;
  readonly keys: readonly LimitedKey[];
  /** Also of the call in progress. */
  limits: number[];
  readonly #admitted = new Map<number, number>();
  readonly #mostAllowed = new Map<number, number>();
  readonly #slow = new Set<number>();
  /** By window: gateways whose last request was refused. */
  readonly exhaustedOn = new Map<number, Set<number>>();

  constructor(what: string, keys: readonly LimitedKey[], limit: number) {
    this.what = what;
    this.keys = keys;
    this.limits = [limit];
  }

  admit(windowEnd: number, gateway: number): void {
    this.#admitted.set(windowEnd, this.admittedIn(windowEnd) + 1);
    this.exhaustedOn.get(windowEnd)?.delete(gateway);
  }

  refuse(windowEnd: number, gateway: number): void {
    const gateways = this.exhaustedOn.get(windowEnd) ?? new Set();
    this.exhaustedOn.set(windowEnd, gateways.add(gateway));
  }

  admittedIn(windowEnd: number): number {
    return this.#admitted.get(windowEnd) ?? 0;
  }

  /** The highest limit that was in effect in the window. */
  mostAllowedIn(windowEnd: number): number {
    const most = Math.max(this.#mostAllowed.get(windowEnd) ?? 0, ...this.limits);
    this.#mostAllowed.set(windowEnd, most);
    return most;
  }

  /** A request that ends at that Unix time has taken so long. */
  took(now: number, ms: number): void {
    const end = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
    if (ms > SLOW_MS) this.#slow.add(end);
  }

  /** Whether the machine was too busy for permits to be back in time. */
  wasSlowIn(windowEnd: number): boolean {
    return this.#slow.has(windowEnd);
  }

  get windows(): number[] {
    return [...this.#admitted.keys()];
  }
}

/** Near the edge of a window, where a request counts in both, a client that checks the exact number sends nothing. */
const EDGE_MS = 3000;
/** Requests wait for the permits of other gateways for three seconds at least. */
const SLOW_MS = 2500;
const REFUSED_PAUSE_MS = 150;

export interface LimitedReport {
  /** Windows in which a limit was used up, and of these the ones without faults. */
  readonly usedUp: number;
  readonly exact: number;
}

export async function useLimitedKeys(context: SoakContext): Promise<LimitedReport> {
  const sequential = await createGroup(context, "one after another", 120);
  const seldom = await createGroup(context, "seldom", 9);
  const busy = await createGroup(context, "at once", 900);
  const changing = await createGroup(context, "changing", 240);
  const shared = await createAccountGroup(context, "shared", 150);
  const each = (group: LimitedGroup, busyPauseMs: number) =>
    context.cluster.gateways.map((_, gateway) => sendAtOnce(context, group, gateway, busyPauseMs));
  await Promise.all([
    sendInTurn(context, sequential, () => 20),
    sendInTurn(context, seldom, () => context.random.between(500, 5000)),
    ...each(busy, 5),
    ...each(changing, 30),
    ...each(shared, 30),
    changeLimits(context, changing),
  ]);
  const groups = [sequential, seldom, busy, changing, shared];
  const windows = groups.flatMap((group) => group.windows.map((end) => ({ group, end })));
  const full = windows.filter(({ group, end }) => group.admittedIn(end) >= group.mostAllowedIn(end));
  return { usedUp: full.length, exact: full.filter(({ end }) => wasQuiet(end)).length };
}

async function createKey(context: SoakContext, account: string, limit: number | null): Promise<LimitedKey> {
  const limits = limit === null ? null : limitsOf(limit);
  const { id, secret } = await context.cluster.createKey({ account, name: "limited", limits });
  return { secret, path: `/accounts/${account}/keys/${id}` };
}

async function createGroup(context: SoakContext, what: string, limit: number): Promise<LimitedGroup> {
  return new LimitedGroup(
    what,
    [await createKey(context, `limited_${what.replaceAll(" ", "_")}`, limit)],
    limit,
  );
}

async function createAccountGroup(context: SoakContext, what: string, limit: number): Promise<LimitedGroup> {
  const account = `limited_${what}`;
  const keys = [await createKey(context, account, null), await createKey(context, account, limit * 2)];
  await context.cluster.control("PUT", `/accounts/${account}`, {
    policy: { account_limits: limitsOf(limit) },
  });
  return new LimitedGroup(what, keys, limit);
}

const limitsOf = (requests_per_minute: number) => ({ requests_per_minute, publish_per_hour: 1_000_000 });

/** One client, on any gateway. */
async function sendInTurn(context: SoakContext, group: LimitedGroup, pauseMs: () => number): Promise<void> {
  const startedAt = Date.now();
  while (!context.isOver()) {
    const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
    if (leftMs < EDGE_MS || leftMs > MINUTE_MS - EDGE_MS) {
      await pause(100);
      continue;
    }
    const gateway = context.random.whole(0, context.cluster.gateways.length - 1);
    const sent = await send(context, group, gateway);
    if (sent?.isRefused) {
      const { windowEnd } = sent;
      const isWhole = windowEnd - MINUTE_MS > startedAt;
      if (
        group.admittedIn(windowEnd) < group.mostAllowedIn(windowEnd) &&
        mustBeExact(context, group, windowEnd) &&
        isWhole
      )
        report(context, group, windowEnd, "refused early");
      await pause(1000);
    }
    await pause(pauseMs());
  }
}

/** A client on each gateway. */
async function sendAtOnce(
  context: SoakContext,
  group: LimitedGroup,
  gateway: number,
  pauseMs: number,
): Promise<void> {
  const startedAt = Date.now();
  let lastEnd = 0;
  while (!context.isOver()) {
    const sent = await send(context, group, gateway);
    if (sent && sent.windowEnd > lastEnd) {
      const isWhole = lastEnd - 2 * MINUTE_MS > startedAt;
      if (gateway === 0 && isWhole) checkUsedUp(context, group, lastEnd);
      lastEnd = sent.windowEnd;
    }
    await pause(sent?.isRefused ? REFUSED_PAUSE_MS : pauseMs);
  }
}

/** Every gateway refuses at the end of this window, and did so at the end of the one before. */
function checkUsedUp(context: SoakContext, group: LimitedGroup, windowEnd: number): void {
  const gateways = context.cluster.gateways.length;
  const isUsedUp = [windowEnd, windowEnd - MINUTE_MS].every(
    (end) => group.exhaustedOn.get(end)?.size === gateways,
  );
  const isMissing = group.admittedIn(windowEnd) < Math.min(...group.limits);
  if (isUsedUp && isMissing && mustBeExact(context, group, windowEnd))
    report(context, group, windowEnd, "not all of it");
}

function mustBeExact({ hasQuietMinutes }: SoakContext, group: LimitedGroup, windowEnd: number): boolean {
  return hasQuietMinutes && wasQuiet(windowEnd) && !group.wasSlowIn(windowEnd);
}

function report({ results }: SoakContext, group: LimitedGroup, windowEnd: number, text: string): void {
  const end = new Date(windowEnd).toISOString();
  const figures = `${group.admittedIn(windowEnd)} of ${group.mostAllowedIn(windowEnd)}`;
  results.violations.push(`limit, ${group.what}: ${text}, ${figures} in the window until ${end}`);
}

async function send(
  context: SoakContext,
  group: LimitedGroup,
  gateway: number,
): Promise<{ readonly isRefused: boolean; readonly windowEnd: number } | null> {
  const { cluster, results, random } = context;
  const startedAt = performance.now();
  const key = random.pick(group.keys);
  const response: RawResponse | null = await rawRequest(
    cluster.gateway(gateway),
    { method: "GET", target: "/v1/posts", headers: [["Authorization", `Bearer ${key.secret}`]] },
    { keepBody: false },
  ).catch(() => null);
  const status = response?.status ?? 0;
  const complete = response?.ended === "complete";
  const what = `limit, ${group.what}`;
  results.judge({
    what,
    allowed: new Set([200, 429]),
    status,
    complete,
    startedAt,
    endedAt: performance.now(),
  });
  group.took(Date.now(), performance.now() - startedAt);
  const windowEnd = 1000 * Number(response?.header("X-RateLimit-Reset"));
  if (status !== 200 && status !== 429) return null;
  const most = group.mostAllowedIn(windowEnd);
  if (status === 429) group.refuse(windowEnd, gateway);
  else {
    group.admit(windowEnd, gateway);
    if (group.admittedIn(windowEnd) > most) report(context, group, windowEnd, "too many");
  }
  return { isRefused: status === 429, windowEnd };
}

async function changeLimits(context: SoakContext, group: LimitedGroup): Promise<void> {
  const { cluster, random } = context;
  const [key] = group.keys;
  while (!context.isOver()) {
    await pause(random.between(2000, 6000));
    const limit = random.whole(180, 300);
    group.limits = [...group.limits, limit];
    const path = key?.path ?? "";
    const to = cluster.gateway(random.whole(0, cluster.gateways.length - 1));
    const answer = await cluster
      .control("PATCH", path, { limits: limitsOf(limit) }, { to })
      .catch(() => null);
    // The outcome is unknown without an answer: then either limit may be in effect.
    if (answer?.status === 200) group.limits = [limit];
  }
}
