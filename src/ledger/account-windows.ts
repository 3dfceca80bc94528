/**
 * The permits of all keys of an account together, per bucket and window: counted only for an account with limits of its own.
 *
 * A permit of a key is one of its account's as well, so it is granted and returned once. Pure: its table is passed in.
 */
import type { PermitStore, Returning, WindowBook } from "./permit-window-book.ts";

interface AccountWindow {
  readonly endsAt: number;
  granted: number;
  /** The windows of its keys that are in use since the ledger started. */
  readonly keys: Set<WindowBook>;
}

export class AccountWindows {
  readonly #store: PermitStore;
  readonly #windows = new Map<string, AccountWindow>();

  constructor(store: PermitStore) {
    this.#store = store;
  }

  /** Counts the permits of the window from now on, those granted before included. */
  open(window: WindowBook): void {
    const { endsAt, bucket } = window.id;
    const id = idOf(window);
    const known = this.#windows.get(id);
    const granted = known?.granted ?? this.#store.totalGranted(endsAt, bucket);
    const account = known ?? { endsAt, granted, keys: new Set() };
    account.keys.add(window);
    this.#windows.set(id, account);
  }

  has(window: WindowBook): boolean {
    return this.#windows.has(idOf(window));
  }

  /** The sum over all keys and holders; 0 where the account has no limit. */
  granted(window: WindowBook): number {
    return this.#windows.get(idOf(window))?.granted ?? 0;
  }

  add(window: WindowBook, change: number): void {
    const account = this.#windows.get(idOf(window));
    if (account) account.granted += change;
  }

  /** Requests per millisecond of all keys. */
  perMs(window: WindowBook, now: number): number {
    let sum = 0;
    for (const key of this.#windows.get(idOf(window))?.keys ?? []) sum += key.perMs(now);
    return sum;
  }

  /** Unused permits of the account that holders other than this one of this key may hand back. */
  returning(window: WindowBook, holder: string, now: number): Returning {
    const all = [...(this.#windows.get(idOf(window))?.keys ?? [])]
      .map((key) => key.returning(key === window ? holder : null, now))
      .filter(({ permits }) => permits > 0);
    if (all.length === 0) return { permits: 0, backInMs: 0 };
    return {
      permits: all.reduce((sum, { permits }) => sum + permits, 0),
      backInMs: Math.min(...all.map(({ backInMs }) => backInMs)),
    };
  }

  deleteEndedBefore(moment: number): void {
    for (const [id, { endsAt }] of this.#windows) if (endsAt < moment) this.#windows.delete(id);
  }
}

function idOf({ id: { endsAt, bucket } }: WindowBook): string {
  return `${endsAt} ${bucket}`;
}
