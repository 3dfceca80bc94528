/**
 * An isolate's permits on a key: the right, given with its leases, to admit so many requests in a window.
 *
 * Guarantees that no more requests are admitted in a window than the ledger has permitted, whatever is lost,
 * late or out of order on the way; and that none is admitted outside of the window that it is counted in: while
 * it cannot be told which of two windows it is, a request takes a permit from both. Taking one costs no I/O.
 * Only durations cross the wire; what the ledger's clock says is shown to the client, and never compared.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { applyGrants, type PermitWindow } from "./permit-window.ts";
import { type BucketGrant, type PermitReport, permitsWanted } from "./protocol.ts";

export interface Admitted {
  readonly outcome: "admitted";
  /** null: the key has no limits. */
  readonly allowance: Allowance | null;
  /** Few permits are left and more can be had: ask for a lease in the background. Told to one request only. */
  readonly runningLow: boolean;
  /** Undoes it, once, for a request that this gateway itself has failed. */
  readonly refund: () => void;
}

export type Admission =
  | Admitted
  | { readonly outcome: "exhausted"; readonly allowance: Allowance }
  /** The ledger has to be asked first. */
  | { readonly outcome: "ask" };

const ADMITTED_WITHOUT_LIMIT: Admission = {
  outcome: "admitted",
  allowance: null,
  runningLow: false,
  refund: () => {},
};
const ASK: Admission = { outcome: "ask" };

/** Two clocks may differ by 2 % in rate; what is left of a window is known no better. */
const DRIFT_SHARE = 1 / 50;

interface BucketPermits {
  readonly bucket: Bucket;
  /** All that this holder may have used permits in and the ledger may still count. */
  readonly windows: readonly PermitWindow[];
  limit: number;
  windowMs: number;
  current: PermitWindow;
  next: PermitWindow | null;
  /** On the isolate's clock: until here the current window has surely not ended, and from there on surely. */
  surelyUntil: number;
  surelyOverFrom: number;
  /** The best guess at its end in between, for the client. */
  endsAbout: number;
  epoch: number;
  /** Unused permits at which somebody should ask for more, ahead of need. */
  lowAt: number;
}

export class Permits {
  /** Names this holder to the ledger; never used twice, since a holder that forgot what it used must not go on. */
  readonly holder: string;
  readonly #clock: LeaseClock;
  readonly #buckets = new Map<Bucket, BucketPermits>();
  readonly #wanted = new Set<Bucket>(["requests"]);
  #unlimited = false;
  /** When the answer was asked for that was heard last. */
  #heard = { askedAt: Number.NEGATIVE_INFINITY, epoch: 0 };
  /** Whether the latest request was refused: all of the key's permits are used up. */
  isRefusing = false;
  /** Requests that wait for the ledger's answer. */
  waiting = 0;

  constructor(holder: string, clock: LeaseClock) {
    this.holder = holder;
    this.#clock = clock;
  }

  /** Admits one request, or says why not. Ask the ledger about its lease first: a permit is good under one only. */
  admit(bucket: Bucket): Admission {
    if (this.#unlimited) {
      this.isRefusing = false;
      return ADMITTED_WITHOUT_LIMIT;
    }
    const held = this.#buckets.get(bucket);
    const now = this.#clock.now();
    if (!held || held.epoch !== this.#clock.epoch || !enterWindow(held, now)) {
      this.#wanted.add(bucket);
      return ASK;
    }
    // At the edge a request counts in both windows, so that it is within the limit of either.
    const atEdge = now >= held.surelyUntil;
    if (atEdge && !held.next) return ASK;
    const counted = atEdge && held.next ? [held.current, held.next] : [held.current];
    const empty = counted.find(({ used, granted }) => used >= granted);
    this.isRefusing = empty !== undefined && empty.ceiling <= empty.granted;
    if (empty) return this.isRefusing ? { outcome: "exhausted", allowance: refused(held, now) } : ASK;

    for (const window of counted) window.used += 1;
    const refund = () => {
      for (const window of counted) window.used -= 1;
    };
    return { outcome: "admitted", allowance: told(held, now), runningLow: runsLow(held), refund: refund };
  }

  /** What to tell the ledger. What is not needed soon is given up at this moment, before anybody else may have it. */
  report(): PermitReport[] {
    const reports: PermitReport[] = [];
    for (const held of this.#buckets.values()) {
      reports.push(this.#reportOn(held.bucket, held.current));
      if (held.next) reports.push(this.#reportOn(held.bucket, held.next));
      this.#wanted.delete(held.bucket);
    }
    for (const bucket of this.#wanted) {
      reports.push({
        bucket,
        endsAt: 0,
        revision: 0,
        granted: 0,
        unused: 0,
        spent: 0,
        waiting: this.waiting,
      });
    }
    return reports;
  }

  /** Takes the ledger's answer to a question asked at `askedAt`. `null`: the key has no limits. */
  applyGrant(grants: readonly BucketGrant[] | null, askedAt: number, epoch: number): void {
    const isOvertaken =
      epoch === this.#heard.epoch ? askedAt < this.#heard.askedAt : epoch < this.#heard.epoch;
    if (!isOvertaken) {
      this.#heard = { askedAt, epoch };
      this.#unlimited = grants === null;
    }
    // What was used stays known: the limits may come back before the window ends.
    for (const grant of grants ?? []) {
      const known = this.#buckets.get(grant.bucket);
      // An answer that was overtaken may still bring permits; on the time, and on what applies, the later one has spoken.
      if (known && isOvertaken) applyGrants(known.windows, grant);
      else this.#holdBucket(known, grant, askedAt, epoch);
    }
  }

  #reportOn(bucket: Bucket, held: PermitWindow): PermitReport {
    const spent = Math.max(0, held.used - held.reported);
    held.reported = held.used;
    const wanted = permitsWanted(Math.max(0, held.ceiling - held.granted), spent, this.waiting);
    const unused = held.granted - held.used;
    // With some to spare, so that what is given up is seldom asked for again.
    if (unused > (held.ceiling > held.granted ? 2 * wanted : wanted)) held.granted = held.used + wanted;
    const { endsAt, revision, granted } = held;
    return { bucket, endsAt, revision, granted, unused: granted - held.used, spent, waiting: this.waiting };
  }

  #holdBucket(known: BucketPermits | undefined, grant: BucketGrant, askedAt: number, epoch: number): void {
    const { bucket, limit, windowMs, leftMs } = grant;
    const endsAt = grant.current.endsAt;
    const windows = applyGrants(known?.windows ?? [], grant);
    const of = (end: number) => windows.find((window) => window.endsAt === end) ?? null;
    const current = of(endsAt) as PermitWindow;
    const unsureMs = leftMs * DRIFT_SHARE + 1;
    this.#buckets.set(bucket, {
      bucket,
      windows,
      limit,
      windowMs,
      current,
      next: of(endsAt + windowMs),
      surelyUntil: askedAt + leftMs - unsureMs,
      surelyOverFrom: this.#clock.now() + leftMs + unsureMs,
      endsAbout: this.#clock.now() + leftMs,
      epoch: epoch,
      lowAt: lowMark(current),
    });
  }
}

/** Goes on to the next window when the current one is over. false: there are no permits for it yet. */
function enterWindow(held: BucketPermits, now: number): boolean {
  if (now < held.surelyOverFrom) return true;
  if (!held.next) return false;
  held.current = held.next;
  held.next = null;
  held.surelyUntil += held.windowMs * (1 - DRIFT_SHARE);
  held.surelyOverFrom += held.windowMs * (1 + DRIFT_SHARE);
  held.endsAbout += held.windowMs;
  held.lowAt = lowMark(held.current);
  return true;
}

/** Half of what is there; the one that a request took which itself has asked is no sign of more to come. */
function lowMark({ granted, used }: PermitWindow): number {
  return granted - used - Math.max(2, (granted - used) / 2);
}

function runsLow(held: BucketPermits): boolean {
  const { used, granted, ceiling } = held.current;
  if (granted - used > held.lowAt || ceiling <= granted) return false;
  held.lowAt = Number.NEGATIVE_INFINITY;
  return true;
}

function refused(held: BucketPermits, now: number): Allowance {
  held.current.advertisedRemaining = 0;
  return told(held, now);
}

function told({ bucket, limit, windowMs, current, endsAbout }: BucketPermits, now: number): Allowance {
  current.advertisedRemaining = Math.max(
    0,
    Math.min(current.advertisedRemaining, limit, current.ceiling - current.used),
  );
  return {
    bucket,
    limit,
    remaining: current.advertisedRemaining,
    windowMs,
    resetsAt: Math.ceil(current.endsAt / 1000),
    resetsInSeconds: Math.max(1, Math.ceil(Math.min(windowMs, endsAbout - now) / 1000)),
  };
}
