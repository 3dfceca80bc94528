/** What all parts of a soak share. */

import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { Random } from "../simulator/random.ts";
import type { SoakKey, Tally } from "./tally.ts";

export interface World {
  readonly cluster: GatewayCluster;
  readonly tally: Tally;
  readonly random: Random;
  /** Keys in use. One that is ended stays a while, so that it is tried again. */
  readonly keys: SoakKey[];
  /** What the control plane has acknowledged: `action keyId`, by account. */
  readonly acknowledged: Map<string, string[]>;
  readonly over: () => boolean;
  /** Between two requests of a caller; 0: as fast as the machine can. */
  readonly pauseMs: number;
}

export const ACCOUNTS = ["soak_a", "soak_b", "soak_c", "soak_d"] as const;
