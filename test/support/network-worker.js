/**
 * The simulated network. It runs inside workerd, between the gateways and the one real ledger and KV namespace, and adds
 * latency, lost calls and calls without an answer.
 *
 * All of this is fake, because Miniflare runs everything on one machine without faults. Real are the ledger and KV behind
 * it, and Workers RPC. One isolate serves all gateways, so delays, faults and counters have one state. A lost call fails
 * like the platform's own ("Network connection lost.", `retryable`), except that RPC adds `remote`.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const POLL_MS = 5;

const settings = { delaysMs: [], kvDelayMs: 0, kvCacheMs: 0 };
const faults = new Map();
const counts = new Map();
const kvCaches = new Map();
/** The name of each key's KV entry, by the key's id. */
const recordNames = new Map();
let nextFault = 1;

/** One call: request, execution, answer. */
async function forwardCall(call, delayMs, perform) {
  const counter = `${call.on} ${call.caller} ${call.operation}`;
  counts.set(counter, (counts.get(counter) ?? 0) + 1);
  const fault = takeFault(call);
  if (delayMs > 0) await scheduler.wait(delayMs / 2);
  await applyFault(fault, "before");
  const answer = await perform();
  await applyFault(fault, "after");
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

/** A failing call throws; a hanging one waits until the test lifts the fault, then continues. */
async function applyFault(fault, moment) {
  if (fault === undefined || !fault.how.endsWith(moment)) return;
  if (fault.how.startsWith("fail")) {
    throw Object.assign(new Error("Network connection lost."), { retryable: true }, fault.error);
  }
  // Polled, because Workers do not allow a request to await another request's promise.
  while (faults.has(fault.id)) await scheduler.wait(POLL_MS);
}

// Forwards every method that is not the platform's own by its name, so that new ledger methods need no change here.
// workerd looks up RPC methods along the prototype chain, which ends in this proxy.
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

/** The ledger as gateway `caller` reaches it. It has the real one's name and no state. */
export function remoteLedger(caller) {
  class RemoteLedger extends DurableObject {
    forward(method, args) {
      const { name } = this.ctx.id;
      // `callFor(account, operation, …)` is a call of that operation.
      const operation = method === "callFor" ? args[1] : method;
      const call = { on: "ledger", caller, operation, name };
      // A new stub for each call, because a stub stays broken after an error.
      return forwardCall(call, settings.delaysMs[caller] ?? 0, () =>
        this.env.LEDGER.getByName(name)[method](...args),
      );
    }
  }
  Object.setPrototypeOf(RemoteLedger.prototype, forwarding);
  return RemoteLedger;
}

/** Replaces a KV binding; `props.caller` identifies the caller. */
export class RemoteKv extends WorkerEntrypoint {
  get(name, options) {
    return this.#read("get", name, options);
  }
  getWithMetadata(name, options) {
    return this.#read("getWithMetadata", name, options);
  }
  put(name, value, options) {
    recordNames.set(JSON.parse(value).id, name);
    return this.#forward("put", name, () => this.env.KV.put(name, value, options));
  }
  delete(name) {
    return this.#forward("delete", name, () => this.env.KV.delete(name));
  }
  list(options) {
    return this.#forward("list", undefined, () => this.env.KV.list(options));
  }

  #forward(operation, name, perform) {
    const { caller } = this.ctx.props;
    return forwardCall({ on: "kv", caller, operation, name }, settings.kvDelayMs, perform);
  }

  /** With `kvCacheMs`, answers are cached per caller, including "not found", as in each location of the platform. */
  async #read(operation, name, options) {
    const key = JSON.stringify([this.ctx.props.caller, operation, name, options]);
    const cached = kvCaches.get(key);
    const perform = async () => {
      if (cached !== undefined && Date.now() < cached.until) return cached.answer;
      const answer = await this.env.KV[operation](name, options);
      if (settings.kvCacheMs > 0) kvCaches.set(key, { answer, until: Date.now() + settings.kvCacheMs });
      return answer;
    };
    return this.#forward(operation, name, perform);
  }
}

/** Commands of the test: see network.ts. */
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
  abortLedger: async (name, env) => {
    // The call that aborts an object always fails with it.
    await env.LEDGER.getByName(name)
      .abortForTest()
      .catch(() => {});
  },
  deployLedger: async ([name, settings], env) => {
    await env.LEDGER.getByName(name)
      .deployForTest(settings)
      .catch(() => {});
  },
  queryLedger: ([name, sql], env) => env.LEDGER.getByName(name).querySqlForTest(sql),
  recordName: (id) => recordNames.get(id),
  kvGet: (name, env) => env.KV.get(name),
  kvPut: ([name, value, options], env) => env.KV.put(name, value, options),
  kvDelete: (name, env) => env.KV.delete(name),
  kvNames: async (_, env) => {
    const names = [];
    let page = { list_complete: false, cursor: undefined };
    while (!page.list_complete) {
      page = await env.KV.list({ cursor: page.cursor });
      names.push(...page.keys.map(({ name }) => name));
    }
    return names;
  },
  kvList: (options, env) => env.KV.list(options ?? {}),
};

export default {
  async fetch(request, env) {
    const [command, argument] = await request.json();
    return Response.json((await commands[command](argument, env)) ?? null);
  },
};
