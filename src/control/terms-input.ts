/**
 * The fields of a key's terms, labels and account policy that the control plane accepts. Each is brought into canonical
 * form, so that equal values have equal texts. No I/O.
 */
import * as v from "valibot";
import { accountLimitsSchema, newKeyRules } from "../keys/account.ts";
import { formatIpNetwork, parseIpNetwork } from "../keys/ip-network.ts";
import { plainText } from "./control-input.ts";

const NETWORKS_MAX = 50;
const LABELS_MAX = 20;
/** The text of a label's value. */
const LABEL_VALUE_MAX = 100;

const NETWORK_MESSAGE =
  "must be an IPv4 or IPv6 network in CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32, or one address";

const network = v.pipe(
  v.string(NETWORK_MESSAGE),
  v.check((text) => parseIpNetwork(text) !== null, NETWORK_MESSAGE),
  v.transform(canonicalNetwork),
);

/** Each network once, in canonical form. */
export const allowedIps = v.pipe(
  v.array(network, "must be a list of networks"),
  v.maxLength(NETWORKS_MAX, `must have at most ${NETWORKS_MAX} networks`),
  v.description("Networks in CIDR notation, IPv4 or IPv6; a single address is one too. Empty: anywhere"),
  v.transform((networks) => [...new Set(networks)]),
);

function canonicalNetwork(text: string): string {
  const parsed = parseIpNetwork(text);
  return parsed === null ? text : formatIpNetwork(parsed);
}

const LABEL_NAME = /^[a-z][a-z0-9_.-]{0,39}$/;
/** Names that Valibot's records leave out, as protection from prototype pollution. */
const RESERVED: ReadonlySet<string> = new Set(["constructor", "prototype"]);
const LABEL_NAME_MESSAGE =
  'must have names of 1 to 40 lower-case letters, digits, "_", "." and "-", which begin with a letter';

/** Ordered by name. */
export const labels = v.pipe(
  v.custom<Readonly<Record<string, unknown>>>(isObject, "must be an object of names and texts"),
  v.check((value) => Object.keys(value).length <= LABELS_MAX, `must have at most ${LABELS_MAX} labels`),
  v.check((value) => Object.keys(value).every(isLabelName), LABEL_NAME_MESSAGE),
  v.metadata({
    type: "object",
    description: `At most ${LABELS_MAX} names, each with a text of at most ${LABEL_VALUE_MAX} characters`,
    maxProperties: LABELS_MAX,
    propertyNames: { pattern: LABEL_NAME.source },
    additionalProperties: { type: "string", maxLength: LABEL_VALUE_MAX },
  }),
  v.record(v.string(), plainText(0, LABEL_VALUE_MAX)),
  v.transform((value) => Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))),
);

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLabelName(name: string): boolean {
  return LABEL_NAME.test(name) && !RESERVED.has(name);
}

const LABEL_FILTER_MESSAGE = "must be a label's name and its whole text, such as team:billing";

/** `name:value`, in a query. */
export const labelFilter = v.pipe(
  v.string(LABEL_FILTER_MESSAGE),
  v.check((text) => isLabelName(text.split(":", 1)[0] ?? "") && text.includes(":"), LABEL_FILTER_MESSAGE),
  v.description("Only keys with this label, as name:value"),
  v.transform((text) => {
    const end = text.indexOf(":");
    return { name: text.slice(0, end), value: text.slice(end + 1) };
  }),
);

/** The whole policy: a rule that is left out no longer holds. */
export const policyFields = v.strictObject({
  max_lifetime_days: v.optional(newKeyRules.max_lifetime_days, null),
  max_active_keys: v.optional(newKeyRules.max_active_keys, null),
  require_permissions: v.optional(newKeyRules.require_permissions, false),
  allowed_ips: v.optional(allowedIps, []),
  account_limits: v.optional(accountLimitsSchema, null),
});

/** Valibot takes a list for an object without fields. */
export const policyInput = v.pipe(v.custom<object>(isObject, "must be an object"), policyFields);
