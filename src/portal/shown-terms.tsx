/**
 * The terms of a key as a form showed them, in hidden fields: a form changes only the terms that its user has changed,
 * so that a page which was open for a while does not undo what others have changed since. The expiry is not among them:
 * keeping it is a choice of its own.
 */
import type { ApiKey } from "../keys/api-key.ts";

/** The fields of the terms, as text that is equal for equal terms. */
const TEXT_OF = {
  permissions: (permissions: readonly string[]) => [...permissions].sort().join(" "),
  allowed_ips: (networks: ApiKey["allowed_ips"]) => networks.join(" "),
  labels: (labels: ApiKey["labels"]) => JSON.stringify(Object.entries(labels).sort()),
  limits: (limits: ApiKey["limits"]) =>
    limits === null ? "" : `${limits.requests_per_minute} ${limits.publish_per_hour}`,
} as const;

type ShownTerm = keyof typeof TEXT_OF;

/** By term, its text. A term that is missing counts as changed. */
export type ShownTerms = Readonly<Partial<Record<ShownTerm, string>>>;

const TERMS = Object.keys(TEXT_OF) as ShownTerm[];

export function shownTerms(
  terms: Partial<Pick<ApiKey, "allowed_ips" | "labels" | "limits">> & { permissions?: readonly string[] },
): ShownTerms {
  const texts = TERMS.map((term) => {
    const value = terms[term];
    return [term, value === undefined ? undefined : TEXT_OF[term](value as never)];
  });
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

export function readShownTerms(form: URLSearchParams): ShownTerms {
  const texts = TERMS.map((term) => [term, form.get(fieldOf(term))]);
  return Object.fromEntries(texts.filter(([, text]) => text !== null));
}

/** Those of `terms` that differ from what the form showed. */
export function changedTerms<Terms extends Parameters<typeof shownTerms>[0]>(
  terms: Terms,
  shown: ShownTerms,
): Partial<Terms> {
  const submitted = shownTerms(terms);
  const unchanged: readonly string[] = TERMS.filter(
    (term) => shown[term] !== undefined && shown[term] === submitted[term],
  );
  return Object.fromEntries(
    Object.entries(terms).filter(([term]) => !unchanged.includes(term)),
  ) as Partial<Terms>;
}

export function ShownTermsFields({ of: shown }: { readonly of: ShownTerms }) {
  return (
    <>
      {Object.entries(shown).map(([term, text]) => (
        <input type="hidden" name={fieldOf(term)} value={text} />
      ))}
    </>
  );
}

function fieldOf(term: string): string {
  return `shown_${term}`;
}
