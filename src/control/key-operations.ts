/**
 * The operations as the key page calls them: each the operation of the same name, with its parameters in line, and a
 * session of the page as the credential.
 */

import type { CallerInput } from "./control-input.ts";
import { ControlPlane } from "./control-plane.ts";
import { KEY_PAGE as credential } from "./credential.ts";
import { listEvents } from "./operations/accounts.ts";
import { changeKey, createKey, getKey, listKeys, revokeKey, rotateKey } from "./operations/keys.ts";
import { identifyKey, revokeByPossession } from "./operations/possession.ts";

export class KeyOperations extends ControlPlane {
  createKey(account: string, body: unknown, caller: CallerInput) {
    return this.perform(createKey, { account, body, caller, credential });
  }

  listKeys(account: string, query: unknown) {
    return this.perform(listKeys, { account, query, credential });
  }

  getKey(account: string, id: string) {
    return this.perform(getKey, { account, id, credential });
  }

  changeKey(account: string, id: string, body: unknown, caller: CallerInput) {
    return this.perform(changeKey, { account, id, body, caller, credential });
  }

  revokeKey(account: string, id: string, body: unknown, caller: CallerInput) {
    return this.perform(revokeKey, { account, id, body, caller, credential });
  }

  rotateKey(account: string, id: string, body: unknown, caller: CallerInput) {
    return this.perform(rotateKey, { account, id, body, caller, credential });
  }

  listEvents(account: string, query: unknown) {
    return this.perform(listEvents, { account, query, credential });
  }

  identifyKey(body: unknown, address: string) {
    return this.perform(identifyKey, { body, address, credential });
  }

  revokeByPossession(body: unknown, address: string) {
    return this.perform(revokeByPossession, { body, address, credential });
  }
}
