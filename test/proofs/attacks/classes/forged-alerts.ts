/**
 * An alert of secret scanning that GitHub has not signed, or not with these bytes: it must not end a key.
 *
 * `{victim}` is a key in use, `{scan.signature}` GitHub's signature over `ALERT`, as attack-runner.ts makes it.
 */
import { type Attack, FORBIDDEN, harmless, NOT_FOUND, UNAUTHORIZED } from "../attack.ts";

const UNSIGNED = "fbsamples/whatsapp-business-jaspers-market#37";
const OTHER_KEY = "CVE-2018-0114, node-jose";
const ENCODING = "CVE-2020-13822, elliptic";
const ZERO = "CVE-2022-21449, Java";
const OTHER_BYTES = "Skyvern-AI/skyvern#7987";

export const ALERT =
  '[{"token":"{victim}","type":"octopost_api_key","url":"https://github.com/a/b","source":"content"}]';

const alert = (
  name: string,
  incident: string,
  { id = "{scan.id}", signature = "{scan.signature}", body = ALERT, outcome = FORBIDDEN },
): Attack => ({
  name,
  incident,
  key: null,
  method: "POST",
  target: "/control/v1/secret-scanning/github",
  headers: [
    ["Content-Type", "application/json"],
    ...(id === "" ? [] : ([["Github-Public-Key-Identifier", id]] as const)),
    ...(signature === "" ? [] : ([["Github-Public-Key-Signature", signature]] as const)),
  ],
  body,
  outcome,
});

export const FORGED_ALERTS: readonly Attack[] = [
  alert("an alert without a signature ends no key", UNSIGNED, { id: "", signature: "" }),
  alert("an alert without a key id ends no key", UNSIGNED, { id: "" }),
  alert("a signature by another key ends no key", OTHER_KEY, { signature: "{scan.foreign}" }),
  alert("a signature by a key that its id does not name ends no key", OTHER_KEY, {
    id: "{scan.foreignId}",
    signature: "{scan.foreign}",
  }),
  alert("the id of a property of every object is no key id", "CVE-2019-10744, lodash", { id: "__proto__" }),
  alert("the zero signature ends no key", ZERO, { signature: "{scan.zero}" }),
  alert("the zero signature in few bytes ends no key", ZERO, { signature: "MAYCAQACAQA=" }),
  alert("a signature of zero and the right s ends no key", ZERO, { signature: "{scan.zeroR}" }),
  alert("a signature with the group's order added ends no key", ENCODING, { signature: "{scan.addedOrder}" }),
  alert("a signature with a byte behind it is none", ENCODING, { signature: "{scan.trailing}" }),
  alert("a signature as two bare numbers is none", ENCODING, { signature: "{scan.bare}" }),
  alert("a signature in the URL alphabet of Base64 is none", ENCODING, { signature: "{scan.urlAlphabet}" }),
  alert("a signature over other bytes ends no key", OTHER_BYTES, { signature: "{scan.ofEmptyList}" }),
  alert("a signed alert with a space behind it ends no key", OTHER_BYTES, { body: `${ALERT} ` }),
  alert("a signed alert with a second token ends no key", OTHER_BYTES, {
    body: ALERT.replace("]", ',{"token":"{full}","type":"octopost_api_key"}]'),
  }),
  {
    ...alert("two signatures, one of them right, are none", OTHER_BYTES, {}),
    headers: [
      ["Content-Type", "application/json"],
      ["Github-Public-Key-Identifier", "{scan.id}"],
      ["Github-Public-Key-Signature", "{scan.zero}"],
      ["Github-Public-Key-Signature", "{scan.signature}"],
    ],
  },
  {
    ...alert("a right signature in the query is none", UNSIGNED, { id: "", signature: "" }),
    target: "/control/v1/secret-scanning/github?Github-Public-Key-Signature={scan.signatureInUrl}",
  },
  {
    ...alert("the control token is no signature", UNSIGNED, { id: "", signature: "" }),
    headers: [["Authorization", "Bearer {token}"]],
  },
  {
    ...alert("a signed alert is no credential of another call", UNSIGNED, { outcome: UNAUTHORIZED }),
    target: "/control/v1/accounts/attacker/revoke-all",
  },
  {
    ...alert("a signed alert to another path is not read", UNSIGNED, { outcome: NOT_FOUND }),
    target: "/control/v1/secret-scanning/github/",
    headers: [["Authorization", "Bearer {token}"]],
  },
  {
    name: "after all forged alerts the key still works",
    incident: UNSIGNED,
    key: "victim",
    outcome: harmless("GET /v1/posts"),
  },
];

/** GitHub's own, from which the forged ones differ in one thing. */
export const GENUINE_ALERT: Attack = alert("GitHub's own alert ends the key", UNSIGNED, {
  outcome: { statuses: [200] },
});
