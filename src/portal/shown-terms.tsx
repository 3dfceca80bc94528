/**
 * The terms of a key as a form showed them, in hidden fields: a form changes only the terms that its user has changed,
 * so a page that was open for a while does not undo what others have changed since. The expiry is not among them:
 * keeping it is a choice of its own.
 */
import type { ApiKey } from "../keys/api-key.ts";

const TERMS = ["permissions", "allowed_ips", "labels", "limits"] as const;

type Term = (typeof TERMS)[number];

/** By term, text that is equal for equal values. A term that is missing counts as changed. */
export type ShownTerms = Readonly<Partial<Record<Term, string>>>;

export function shownTerms(terms: Pick<ApiKey, Term>): ShownTerms {
  return Object.fromEntries(TERMS.map((term) => [term, textOf(terms[term])]));
}

export function readShownTerms(form: URLSearchParams): ShownTerms {
  return Object.fromEntries(TERMS.map((term) => [term, form.get(`shown_${term}`) ?? undefined]));
}

/** Those of `terms` that differ from what the form showed. */
export function changedTerms(terms: object, shown: ShownTerms): object {
  return Object.fromEntries(
    Object.entries(terms).filter(([term, value]) => shown[term as Term] !== textOf(value)),
  );
}

/** The expiry included. */
export function hasSameTerms(one: ApiKey, other: ApiKey): boolean {
  return (
    one.expires_at === other.expires_at && TERMS.every((term) => textOf(one[term]) === textOf(other[term]))
  );
}

export function ShownTermsFields({ of: shown }: { readonly of: ShownTerms }) {
  return (
    <>
      {TERMS.map(
        (term) =>
          shown[term] !== undefined && <input type="hidden" name={`shown_${term}`} value={shown[term]} />,
      )}
    </>
  );
}

/** A list or a record, in any order; null: no limits. */
function textOf(value: object | null): string {
  return JSON.stringify(Array.isArray(value) ? value.toSorted() : value && Object.entries(value).toSorted());
}
