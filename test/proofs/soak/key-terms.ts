/**
 * What a soak knows about a key at any time: each term with its earlier values, and until when a gateway may still apply
 * them.
 *
 * A restriction holds everywhere once its call is answered. A relaxation holds within a lease of that, on each gateway.
 */
import { type OracleKey, requiredOutcome } from "../fuzz/policy-oracle.ts";

/** A gateway may remember a suspension for a lease; the machine is busy. */
const RELAXED_WITHIN_MS = 8000;
/** Longer than any request takes. */
const KEPT_MS = 60_000;

interface Version<Value> {
  readonly value: Value;
  readonly from: number;
  until: number;
}

/** One term. Times are `performance.now()`. */
export class Term<Value> {
  #versions: Version<Value>[];

  constructor(value: Value) {
    this.#versions = [{ value, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }];
  }

  get latest(): Value {
    return (this.#versions.at(-1) as Version<Value>).value;
  }

  /** The call that changes it starts now; `answered` is to be called with the moment of its answer. */
  change(value: Value): { answered(at: number, isRestriction: boolean): void } {
    const now = performance.now();
    const before = this.#versions.filter(({ until }) => until > now - KEPT_MS);
    this.#versions = [...before, { value, from: now, until: Number.POSITIVE_INFINITY }];
    return {
      answered(at, isRestriction) {
        const until = isRestriction ? at : at + RELAXED_WITHIN_MS;
        for (const version of before) version.until = Math.min(version.until, until);
      },
    };
  }

  /** The values that a gateway may have applied to a request between the two moments. */
  between(startedAt: number, endedAt: number): Value[] {
    return this.#versions
      .filter(({ from, until }) => from <= endedAt && until > startedAt)
      .map(({ value }) => value);
  }
}

/** Terms of all keys of an account together. */
export class AccountTerms {
  readonly isSuspended = new Term(false);
  readonly addressesFrom = new Term<readonly string[]>([]);
}

export class KeyTerms {
  readonly mode: OracleKey["mode"];
  readonly account: AccountTerms;
  readonly hasEnded = new Term(false);
  readonly isSuspended = new Term(false);
  readonly permissions = new Term<readonly string[]>([]);
  readonly addressesFrom = new Term<readonly string[]>([]);

  constructor(mode: OracleKey["mode"], account: AccountTerms) {
    this.mode = mode;
    this.account = account;
  }

  /** The statuses that the policy allows for a request between the two moments. */
  statuses(
    request: { readonly method: string; readonly path: string; readonly address: string },
    startedAt: number,
    endedAt: number,
  ): Set<number> {
    const valuesOf = <Value>(term: Term<Value>) => term.between(startedAt, endedAt);
    const ask = (key: OracleKey | null) => requiredOutcome({ ...request, hasBody: false, key }).status;
    const statuses = new Set<number>();
    for (const hasEnded of valuesOf(this.hasEnded))
      for (const isSuspended of valuesOf(this.isSuspended))
        for (const isAccountSuspended of valuesOf(this.account.isSuspended))
          for (const permissions of valuesOf(this.permissions))
            for (const addressesFrom of valuesOf(this.addressesFrom))
              for (const accountAddressesFrom of valuesOf(this.account.addressesFrom)) {
                const terms = {
                  isSuspended,
                  isAccountSuspended,
                  permissions,
                  addressesFrom,
                  accountAddressesFrom,
                };
                statuses.add(ask(hasEnded ? null : { mode: this.mode, ...terms }));
              }
    return statuses;
  }
}
