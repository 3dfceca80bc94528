/**
 * A key whose locator was changed: it names another account's ledger, or one that there is not.
 *
 * The part of a credential that says who checks it is not believed before the keyed check, so such a text reaches no
 * store: it opens nothing, creates no ledger, and costs no call.
 */
import { type Attack, UNAUTHORIZED } from "../attack.ts";

const CHOOSES_ITS_JUDGE = "CVE-2018-0114, node-jose";
const CASE = "CVE-2021-39155, Istio";

const changed = (name: string, text: string, incident = CHOOSES_ITS_JUDGE): Attack => ({
  name,
  incident,
  key: null,
  headers: [["Authorization", `Bearer {${text}}`]],
  outcome: { ...UNAUTHORIZED, storeCalls: 0 },
});

export const LOCATOR_CONFUSION: readonly Attack[] = [
  changed("a key with another account's locator reaches no ledger", "elsewhereLocator"),
  changed("a key with the locator of no account creates no ledger", "madeUpLocator"),
  changed("a locator in the other case names no ledger", "locatorInOtherCase", CASE),
  changed("the locator of one key and the rest of another are no key", "spliced"),
  changed("a locator alone, filled up with zeros, is no key", "locatorAlone"),
  changed("a check made with SHA-256 alone, as the locator is, is no check", "checkWithoutPepper"),
  {
    name: "a key with another account's locator cannot be revoked, and reaches no ledger",
    incident: CHOOSES_ITS_JUDGE,
    key: null,
    method: "POST",
    target: "/control/v1/revoke",
    headers: [["Content-Type", "application/json"]],
    body: '{"secret":"{elsewhereLocator}"}',
    outcome: { statuses: [422], storeCalls: 0 },
  },
  {
    name: "a key with the locator of no account cannot be identified, and creates no ledger",
    incident: CHOOSES_ITS_JUDGE,
    key: null,
    method: "POST",
    target: "/control/v1/identify",
    headers: [["Content-Type", "application/json"]],
    body: '{"secret":"{madeUpLocator}"}',
    outcome: { statuses: [404], storeCalls: 0 },
  },
];
