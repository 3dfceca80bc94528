/**
 * The clusters that most tests of the control plane share. Leases are short, so that revoking is quick; a ledger call has
 * long, so that a slow machine does not end it: only its answer or an injected fault does.
 */

import type { ClusterOptions } from "../support/gateway-cluster.ts";
import { CONTROL_CREDENTIALS, PREVIOUS_TOKEN } from "./credentials.ts";
import { DASHBOARD } from "./dashboard.ts";

/** A gateway that lacks a setting. */
export const BROKEN_GATEWAY = 2;

const OPTIONS = {
  gateways: 3,
  gatewaySettings: [{}, {}, { KEY_PEPPER: undefined }],
  extraWorkers: [DASHBOARD],
};
const SETTINGS = {
  LEASE_MS: 200,
  LEASE_MARGIN_MS: 60,
  LEDGER_TIMEOUT_MS: 20_000,
  CONTROL_CREDENTIALS,
  CONTROL_TOKEN_PREVIOUS: PREVIOUS_TOKEN,
};

export const CONTROL: ClusterOptions = { ...OPTIONS, settings: SETTINGS };
/** Accepts imported keys. */
export const CONTROL_WITH_IMPORTED: ClusterOptions = {
  ...OPTIONS,
  settings: { ...SETTINGS, LEGACY_KEYS: "accept" },
};
