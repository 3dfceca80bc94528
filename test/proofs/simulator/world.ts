/** The state that all parts of a run share. */
import type { History } from "./history.ts";
import type { Random } from "./random.ts";
import type { ExcessFaults, Scenario } from "./scenario.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { Disk } from "./simulated-storage.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly excess: ExcessFaults;
  readonly disk: Disk;
  readonly ledgerClock: SimulatedClock;
  readonly ledger: SimulatedLedger;
  readonly isolates: SimulatedIsolate[];
  readonly history: History;
  /** Each delivers the origin's answer to one pending request. */
  readonly pendingOrigins: Set<() => void>;
  readonly trace: ((line: string) => void) | undefined;
  /** The `LEASE_MS` of the gateway's current version. */
  leaseMs: number;
}
