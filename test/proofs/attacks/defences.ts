/**
 * The defences, each with the edit that removes it and the attacks that then succeed. `defences.proof.ts` removes them.
 *
 * An attack that two defences stop is listed under neither. Where another gateway has made a mistake, the edit makes the
 * same one.
 */
import { ACCESS_DEFENCES } from "./access-defences.ts";
import { CONTROL_DEFENCES } from "./control-defences.ts";
import type { Defence } from "./defence.ts";
import { LIMIT_DEFENCES } from "./limit-defences.ts";
import { REQUEST_DEFENCES } from "./request-defences.ts";
import { RESPONSE_DEFENCES } from "./response-defences.ts";
import { WEBHOOK_DEFENCES } from "./webhook-defences.ts";

export const DEFENCES: readonly Defence[] = [
  ...REQUEST_DEFENCES,
  ...RESPONSE_DEFENCES,
  ...CONTROL_DEFENCES,
  ...LIMIT_DEFENCES,
  ...ACCESS_DEFENCES,
  ...WEBHOOK_DEFENCES,
];
