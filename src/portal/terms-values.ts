/** The values of a key's terms in forms: read from a submitted form, or taken from a key. */
import type { ApiKey } from "../keys/api-key.ts";
import { parseIpNetwork } from "../keys/ip-network.ts";
import { EXPIRY_CHOICES, expiryLike, readExpiry } from "./expiry.tsx";
import type { FormReader } from "./form-values.ts";
import { labelTexts } from "./key-summary.tsx";
import { type AccessDraft, accessDraft, readAccess } from "./permissions.tsx";
import { texts } from "./texts.ts";

type LimitField = keyof NonNullable<ApiKey["limits"]>;

/** The fields as they were submitted. */
export interface TermsDraft {
  readonly access: AccessDraft;
  /** One network per line. */
  readonly networks: string;
  /** One label per line, as `name: value`. */
  readonly labels: string;
  /** Empty for a key with the limits of its tier. */
  readonly limits: Readonly<Record<LimitField, string>>;
  readonly expires: string;
  readonly expiresOn: string;
}

export const LIMIT_FIELDS: readonly LimitField[] = ["requests_per_minute", "publish_per_hour"];

export const NO_TERMS: TermsDraft = {
  access: { access: "selected", permissions: [] },
  networks: "",
  labels: "",
  limits: { requests_per_minute: "", publish_per_hour: "" },
  expires: "never",
  expiresOn: "",
};

/** The terms of a key, with the same lifetime from now on. */
export function termsLike(key: ApiKey, now: number): TermsDraft {
  return {
    access: accessDraft(key.permissions),
    networks: key.allowed_ips.join("\n"),
    labels: labelTexts(key.labels).join("\n"),
    limits: {
      requests_per_minute: String(key.limits?.requests_per_minute ?? ""),
      publish_per_hour: String(key.limits?.publish_per_hour ?? ""),
    },
    ...expiryLike(key, now),
  };
}

/** A field that was not sent is undefined. `keep`: the choice of the present expiry, which is not sent either. */
export function readTerms(fields: FormReader, form: URLSearchParams, now: number, keep?: string) {
  const { draft: access, permissions } = readAccess(fields, form);
  const expires = fields.choice("expires", keep === undefined ? EXPIRY_CHOICES : [keep, ...EXPIRY_CHOICES]);
  const expires_at = readExpiry(fields, expires, now);
  const [networks, labels] = [fields.optional("allowed_ips"), fields.optional("labels")];
  const limits = readLimits(fields);
  const draft: TermsDraft = {
    access,
    networks: networks ?? "",
    labels: labels ?? "",
    limits: limits ?? NO_TERMS.limits,
    expires,
    expiresOn: fields.optional("expires_on") ?? "",
  };
  const terms = {
    permissions,
    ...(networks !== undefined && { allowed_ips: readNetworks(fields, networks) }),
    ...(labels !== undefined && { labels: readLabels(fields, labels) }),
    ...(limits !== undefined && { limits: limitsIn(limits) }),
    ...(expires !== keep && { expires_at }),
  };
  return { draft, terms };
}

/** A problem names each wrong entry once. */
function readNetworks(fields: FormReader, text: string): string[] {
  const networks = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = networks.filter((network) => parseIpNetwork(network) === null);
  if (wrong.length > 0) fields.addProblem("allowed_ips", texts.create.notNetworks(wrong));
  return networks;
}

/** undefined: not sent. */
function readLimits(fields: FormReader): TermsDraft["limits"] | undefined {
  const requests_per_minute = fields.optional("requests_per_minute")?.trim();
  const publish_per_hour = fields.optional("publish_per_hour")?.trim();
  if (requests_per_minute === undefined && publish_per_hour === undefined) return undefined;
  const limits = {
    requests_per_minute: requests_per_minute ?? "",
    publish_per_hour: publish_per_hour ?? "",
  };
  const empty = LIMIT_FIELDS.filter((field) => limits[field] === "");
  if (empty.length === 1) fields.addProblem(empty[0] as LimitField, texts.create.bothLimits);
  return limits;
}

/** null: those of the tier. What a limit must be is checked by the control plane. */
function limitsIn({ requests_per_minute, publish_per_hour }: TermsDraft["limits"]) {
  if (requests_per_minute === "" && publish_per_hour === "") return null;
  return {
    requests_per_minute: Number(requests_per_minute),
    publish_per_hour: Number(publish_per_hour),
  };
}

/** A problem names each wrong line. */
function readLabels(fields: FormReader, text: string): Record<string, string> {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  const wrong = lines.filter((line) => !line.includes(":"));
  if (wrong.length > 0) fields.addProblem("labels", texts.create.notLabels(wrong));
  const labels = lines.map((line): [string, string] => {
    const [name = "", ...value] = line.split(":");
    return [name.trim(), value.join(":").trim()];
  });
  const names = labels.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) fields.addProblem("labels", texts.create.labelTwice(twice));
  return Object.fromEntries(labels);
}
