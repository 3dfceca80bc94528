/** Every operation of the control plane, in the order in which the OpenAPI document shows them. */
import type { Operation } from "./operation.ts";
import {
  changeAccount,
  getAccount,
  listEvents,
  resumeAccount,
  suspendAccount,
} from "./operations/accounts.ts";
import { importKeys } from "./operations/import-keys.ts";
import {
  changeKey,
  createKey,
  getKey,
  getKeyUsage,
  listKeys,
  resumeKey,
  revokeAll,
  revokeKey,
  rotateKey,
  suspendKey,
} from "./operations/keys.ts";
import { createPortalSession, endPortalSessions } from "./operations/portal.ts";
import { identifyKey, revokeByPossession } from "./operations/possession.ts";
import { health, rebuildKv } from "./operations/upkeep.ts";

export const OPERATIONS: readonly Operation[] = [
  createKey,
  listKeys,
  importKeys,
  getKey,
  getKeyUsage,
  changeKey,
  suspendKey,
  resumeKey,
  revokeKey,
  rotateKey,
  revokeAll,
  listEvents,
  getAccount,
  changeAccount,
  suspendAccount,
  resumeAccount,
  createPortalSession,
  endPortalSessions,
  rebuildKv,
  health,
  revokeByPossession,
  identifyKey,
];
