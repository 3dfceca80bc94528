/** The state that all parts of a soak share. */

import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { Random } from "../simulator/random.ts";
import type { SoakKey, SoakResults } from "./soak-results.ts";

export interface SoakContext {
  readonly cluster: GatewayCluster;
  readonly results: SoakResults;
  readonly random: Random;
  /** Keys in use. An ended key stays for a while, so that requests with it continue. */
  readonly keys: SoakKey[];
  /** Acknowledged changes, as `action keyId`, by account. */
  readonly acknowledged: Map<string, string[]>;
  readonly isOver: () => boolean;
  /** Between two requests of a client; 0: no pause. */
  readonly pauseMs: number;
}

export const ACCOUNTS = [
  "soak_a",
  "soak_b",
  "soak_c",
  "soak_d",
  "soak_e",
  "soak_f",
  "soak_g",
  "soak_h",
  "soak_i",
  "soak_j",
  "soak_k",
  "soak_l",
] as const;
