/**
 * A client that sends one request after another, and the second promise of rate limits: it is not refused before its limit
 * is used up, whatever isolates its requests reach. What isolates that restart have held counts as used.
 */
import type { Report } from "./checker.ts";
import { isAtEdge, maxRoundTripMs } from "./full-use-checker.ts";
import { type PermitDecision, type RequestRecord, statusOf } from "./history.ts";
import { advertisedWindow } from "./limit-checker.ts";
import { quickRequest, type SequentialClient } from "./scenario.ts";
import type { World } from "./world.ts";

/** Sends the next request when the one before has ended. */
export function startClient(world: World): void {
  const { client } = world.scenario;
  if (client) world.time.at(client.from, () => sendFrom(world, client, 0));
}

function sendFrom(world: World, client: SequentialClient, count: number): void {
  if (count === client.requests) return;
  const { isolates, time, history } = world;
  const isolate = isolates[Math.floor(count / client.staysFor) % isolates.length];
  isolate?.arrive({ ...quickRequest(time.now, "active"), bucket: client.bucket });
  const request = history.requests.at(-1) as RequestRecord;
  request.onEnd = () => time.after(client.pauseMs, () => sendFrom(world, client, count + 1));
}

export function checkSequentialClient(world: World, report: Report): void {
  const { history, scenario } = world;
  const { client, limits } = scenario;
  if (!client || !limits.limits || limits.accountLimits || history.tiers.length > 1) return;
  const limit = limits.limits[client.bucket];
  const own = history.decisions.filter(({ key }) => key === "active");
  for (const refused of own.filter(({ admitted }) => !admitted)) {
    const before = own.filter((one) => one.admitted && one.at <= refused.at);
    const window = advertisedWindow(refused);
    const used = before.filter((one) => advertisedWindow(one) === window).length;
    // Requests at the edge of the window before may count too.
    const atEdge = before.filter((one) => advertisedWindow(one) < window && isAtEdge(one, scenario)).length;
    const lost = heldByTheDead(world, own, client.bucket, window);
    if (used + atEdge + lost < limit)
      report(
        "second promise",
        `request ${refused.number}: 429 after ${used} of ${limit}, ${atEdge} at the edge, ${lost} lost`,
      );
  }
  for (const request of history.requests) {
    // No other request takes its permit.
    if (request.plan.key === "active" && statusOf(request) === 503)
      report("second promise", `request ${request.number}: 503`);
  }
  checkCost(world, client, report);
}

function heldByTheDead(
  { history }: World,
  decisions: readonly PermitDecision[],
  bucket: SequentialClient["bucket"],
  window: number,
): number {
  let held = 0;
  for (const holder of history.deadHolders) {
    const used = decisions.filter(
      (one) => one.admitted && one.holder === holder && advertisedWindow(one) === window,
    ).length;
    held += history.granted.grantedTo(holder, bucket, window) - used;
  }
  return held;
}

/** A key that is used less than once in a lease gets nothing ahead, so each request makes one call and no other is made. */
function checkCost(world: World, client: SequentialClient, report: Report): void {
  const { history, scenario } = world;
  const tripMs = maxRoundTripMs(scenario);
  if (client.pauseMs < 2 * scenario.ledger.leaseMs + tripMs) return;
  const windowMs = scenario.limits.windowsMs[client.bucket];
  const requests = history.requests.filter(({ plan }) => plan.key === "active");
  requests.forEach((request, index) => {
    const { decision, arrivedAt, number, isolate } = request;
    if (!decision?.admitted || isAtEdge(decision, scenario)) return;
    // Near the edge a request may have to call again, for a permit of the other window.
    if (decision.ledgerAt % windowMs < 0.03 * windowMs + 4 * tripMs) return;
    const until = requests[index + 1]?.arrivedAt ?? Number.POSITIVE_INFINITY;
    const calls = history.calls.filter(
      ({ key, at }) => key === "active" && at >= arrivedAt && at < until,
    ).length;
    if (calls > 1) report("cost", `request ${number} on isolate ${isolate} made ${calls} calls`);
  });
}
