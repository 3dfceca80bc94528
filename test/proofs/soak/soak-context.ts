/** The state that all parts of a soak share. */

import type { ScanningKeys } from "../../control/scanning-keys.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import type { WebhookReceiver } from "../../support/webhook-receiver.ts";
import type { Random } from "../simulator/random.ts";
import type { AcknowledgedEvents } from "./acknowledged-events.ts";
import { AccountTerms, type KeyTerms } from "./key-terms.ts";
import type { SoakResults } from "./soak-results.ts";

export interface SoakKey {
  readonly id: string;
  readonly secret: string;
  readonly account: string;
  readonly terms: KeyTerms;
  /** When the call that ended it was answered; `performance.now()`. */
  endedAt?: number;
}

/** An account whose keys change. One change at a time, so that the terms of its keys are known. */
export class SoakAccount {
  readonly name: string;
  readonly terms = new AccountTerms();
  isBusy = false;

  constructor(name: string) {
    this.name = name;
  }
}

export interface SoakContext {
  readonly cluster: GatewayCluster;
  readonly github: ScanningKeys;
  readonly receiver: WebhookReceiver;
  readonly results: SoakResults;
  readonly random: Random;
  readonly accounts: readonly SoakAccount[];
  /** Keys in use. An ended key stays for a while, so that requests with it continue. */
  readonly keys: SoakKey[];
  readonly events: AcknowledgedEvents;
  readonly isOver: () => boolean;
  /** Between two requests of a client; 0: no pause. */
  readonly pauseMs: number;
  /** Every other minute has no faults, so that limits must be exact in it. */
  readonly hasQuietMinutes: boolean;
}

export const ACCOUNT_NAMES = Array.from({ length: 12 }, (_, i) => `soak_${String.fromCharCode(97 + i)}`);
