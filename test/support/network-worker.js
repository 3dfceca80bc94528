/**
 * Runs inside workerd, between the gateways and the one real ledger and KV namespace, and plays the
 * distance between them: latency, lost calls, silence.
 *
 * All of this is fake; Miniflare puts everything on one machine and offers no faults. What is real is
 * what it forwards to, and that calls are Workers RPC. One isolate serves all gateways, so that its
 * state is one: the delays, the faults and the counts below. A lost call looks to the caller as the
 * platform's own do ("Network connection lost.", `retryable`), except that RPC adds `remote`.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const POLL_MS = 5;

const settings = { delaysMs: [], kvDelayMs: 0, kvCacheMs: 0 };
const faults = new Map();
const counts = new Map();
const kvCaches = new Map();
let nextFault = 1;

/** Carries one call: there, the work itself, and back. */
async function carry(call, delayMs, perform) {
  const tally = `${call.on} ${call.caller} ${call.operation}`;
  counts.set(tally, (counts.get(tally) ?? 0) + 1);
  const fault = takeFault(call);
  if (delayMs > 0) await scheduler.wait(delayMs / 2);
  await suffer(fault, "before");
  const answer = await perform();
  await suffer(fault, "after");
  if (delayMs > 0) await scheduler.wait(delayMs / 2);
  return answer;
}

function takeFault(call) {
  for (const fault of faults.values()) {
    const matches = ["on", "caller", "operation", "name"].every(
      (part) => fault[part] === undefined || fault[part] === call[part],
    );
    if (!matches || fault.times === 0) continue;
    if (fault.times !== undefined) fault.times -= 1;
    return fault;
  }
  return undefined;
}

/** A failing call throws; a hanging one waits until the test lifts the fault, and then goes on. */
async function suffer(fault, moment) {
  if (fault === undefined || !fault.how.endsWith(moment)) return;
  if (fault.how.startsWith("fail")) {
    throw Object.assign(new Error("Network connection lost."), { retryable: true }, fault.error);
  }
  // Polled, since a promise of another request must not be waited for here.
  while (faults.has(fault.id)) await scheduler.wait(POLL_MS);
}

// Every method that is not the platform's own is forwarded by its name, so that a new method of the
// ledger needs nothing here. workerd looks RPC methods up along the prototypes, where this answers.
const NOT_RPC = new Set(["alarm", "fetch", "connect", "then", "toJSON"]);
const forwarding = new Proxy(DurableObject.prototype, {
  get(target, name, object) {
    const own = typeof name === "symbol" || name in target || NOT_RPC.has(name) || /^webSocket/.test(name);
    if (own) return Reflect.get(target, name, object);
    return function (...args) {
      return this.forward(name, args);
    };
  },
});

/** The ledger as gateway number `caller` reaches it. It has the real one's name and no state. */
export function remoteLedger(caller) {
  class RemoteLedger extends DurableObject {
    forward(operation, args) {
      const { name } = this.ctx.id;
      const call = { on: "ledger", caller, operation, name };
      // A stub of its own for each call: one that has seen an error stays broken.
      return carry(call, settings.delaysMs[caller] ?? 0, () =>
        this.env.LEDGER.getByName(name)[operation](...args),
      );
    }
  }
  Object.setPrototypeOf(RemoteLedger.prototype, forwarding);
  return RemoteLedger;
}

/** Stands in for a KV binding; `props.caller` says whose. */
export class RemoteKv extends WorkerEntrypoint {
  get(name, options) {
    return this.#read("get", name, options);
  }
  getWithMetadata(name, options) {
    return this.#read("getWithMetadata", name, options);
  }
  put(name, value, options) {
    return this.#carry("put", name, () => this.env.KV.put(name, value, options));
  }
  delete(name) {
    return this.#carry("delete", name, () => this.env.KV.delete(name));
  }
  list(options) {
    return this.#carry("list", undefined, () => this.env.KV.list(options));
  }

  #carry(operation, name, perform) {
    const { caller } = this.ctx.props;
    return carry({ on: "kv", caller, operation, name }, settings.kvDelayMs, perform);
  }

  /** With `kvCacheMs`, an answer, "not found" too, is kept per caller as each location of the platform does. */
  async #read(operation, name, options) {
    const key = JSON.stringify([this.ctx.props.caller, operation, name, options]);
    const cached = kvCaches.get(key);
    const perform = async () => {
      if (cached !== undefined && Date.now() < cached.until) return cached.answer;
      const answer = await this.env.KV[operation](name, options);
      if (settings.kvCacheMs > 0) kvCaches.set(key, { answer, until: Date.now() + settings.kvCacheMs });
      return answer;
    };
    return this.#carry(operation, name, perform);
  }
}

/** The test's own line to this worker: see network.ts. */
const commands = {
  configure: (changes) => {
    kvCaches.clear();
    Object.assign(settings, changes);
  },
  addFault: (fault) => {
    const id = nextFault++;
    faults.set(id, { ...fault, id });
    return id;
  },
  liftFault: (id) => faults.delete(id),
  liftAllFaults: () => faults.clear(),
  counts: () => [...counts],
  resetCounts: () => counts.clear(),
  abortLedger: async (account, env) => {
    // The call that aborts an object always fails with it.
    await env.LEDGER.getByName(account)
      .abortForTest()
      .catch(() => {});
  },
  deployLedger: async ([account, settings], env) => {
    await env.LEDGER.getByName(account)
      .deployForTest(settings)
      .catch(() => {});
  },
  queryLedger: ([account, sql], env) => env.LEDGER.getByName(account).querySqlForTest(sql),
};

export default {
  async fetch(request, env) {
    const [command, argument] = await request.json();
    return Response.json((await commands[command](argument, env)) ?? null);
  },
};
