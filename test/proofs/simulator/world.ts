/** What all parts of a run share. */
import type { History } from "./history.ts";
import type { Random } from "./random.ts";
import type { Beyond, Scenario } from "./scenario.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { Disk } from "./simulated-storage.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly beyond: Beyond;
  readonly disk: Disk;
  readonly ledgerClock: SimulatedClock;
  readonly ledger: SimulatedLedger;
  readonly isolates: SimulatedIsolate[];
  readonly history: History;
  /** Makes the origin's answer arrive, for each request that waits for one. */
  readonly originsAtWork: Set<() => void>;
  readonly trace: ((line: string) => void) | undefined;
  /** `LEASE_MS` as the gateway knows it now. */
  leaseMs: number;
}
