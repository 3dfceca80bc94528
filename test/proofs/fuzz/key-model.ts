/**
 * The reference model of an account: what must be true of it after any sequence of operations. It has no ledger, no KV
 * and no leases.
 *
 * Concurrent operations may take effect in either order, so a key has the set of names and ends that its last round
 * allows. The observed one must be in the set, and is the only one after that.
 */

import { expect } from "vitest";
import type { ShownEvent, ShownKey } from "../../control/account.ts";

export interface ModelKey {
  readonly id: string;
  readonly secret: string;
  readonly mode: "live" | "test";
  readonly permissions: readonly string[];
  names: Set<string>;
  /** Its scheduled revocation; null: none. */
  ends: Set<string | null>;
  /** The successor of its last rotation with an overlap, unless its end was cancelled. */
  successor: ModelKey | null;
  /** "unsure": all keys were revoked while it was being created. */
  fate: "alive" | "dead" | "unsure";
}

type NewKey = Pick<ShownKey, "id" | "mode" | "permissions" | "name" | "revokes_at">;

interface Range {
  least: number;
  most: number;
}

export class KeyModel {
  readonly keys: ModelKey[] = [];
  readonly #events = new Map<string, Range>();

  add(key: NewKey, secret: string, how: "created" | "imported", fate: ModelKey["fate"]): ModelKey {
    const known = this.keys.find(({ id }) => id === key.id);
    if (known) return known;
    const { id, mode, permissions, name, revokes_at } = key;
    const added = {
      id,
      secret,
      mode,
      permissions,
      fate,
      names: new Set([name]),
      ends: new Set([revokes_at]),
      successor: null,
    };
    this.keys.push(added);
    this.happened(how, id);
    return added;
  }

  /** The key is revoked for good: one event, however many calls revoke it. */
  kill(key: ModelKey): void {
    key.fate = "dead";
    this.happenedOnce("revoked", key.id);
  }

  /** An event that occurs once, however many calls there are. */
  happenedOnce(action: string, keyId: string | null): void {
    this.#events.set(`${action} ${keyId}`, { least: 1, most: 1 });
  }

  /** A required event, and one more allowed for each repeat after a lost answer. */
  happened(action: string, keyId: string | null, repeats = 0): void {
    const range = this.#events.get(`${action} ${keyId}`) ?? { least: 0, most: 0 };
    this.#events.set(`${action} ${keyId}`, { least: range.least + 1, most: range.most + 1 + repeats });
  }

  /** Events that are allowed. */
  allow(action: string, keyId: string, times: number): void {
    const range = this.#events.get(`${action} ${keyId}`) ?? { least: 0, most: 0 };
    this.#events.set(`${action} ${keyId}`, { least: range.least, most: range.most + times });
  }

  /** Compares with the control plane's answers, and settles open alternatives. */
  compare(all: readonly ShownKey[], alive: readonly ShownKey[], events: readonly ShownEvent[]): void {
    const shown = new Map(all.map((key) => [key.id, key]));
    expect(all, "every key is listed once").toHaveLength(shown.size);
    expect([...shown.keys()].sort(), "the keys that there are").toEqual(this.keys.map(({ id }) => id).sort());

    for (const key of this.keys) {
      const seen = shown.get(key.id) as ShownKey;
      if (key.fate === "unsure") {
        if (seen.revoked_at === null) key.fate = "alive";
        else this.kill(key);
      }
      expect(seen.revoked_at === null, `${key.id} is ${key.fate}`).toBe(key.fate === "alive");
      expect(seen.mode).toBe(key.mode);
      expect(seen.permissions).toEqual(key.permissions);
      expect([...key.names], `the name of ${key.id}`).toContain(seen.name);
      if (key.fate === "alive") expect([...key.ends], `the end of ${key.id}`).toContain(seen.revokes_at);
      key.names = new Set([seen.name]);
      key.ends = new Set([seen.revokes_at]);
      if (seen.revokes_at === null) key.successor = null;
      expect(seen.replaced_by === null || shown.has(seen.replaced_by)).toBe(true);
    }
    expect(alive.map(({ id }) => id).sort(), "the keys that are not revoked").toEqual(
      this.keys
        .filter(({ fate }) => fate === "alive")
        .map(({ id }) => id)
        .sort(),
    );
    this.#compareEvents(events);
  }

  #compareEvents(events: readonly ShownEvent[]): void {
    const counts = new Map<string, number>();
    for (const { action, key_id } of events) {
      // As many as there were retries of a call whose answer was lost, and creations that a failure of KV interrupted.
      if (action === "answer_repeated" || action === "creations_abandoned") continue;
      const kind = `${action} ${key_id}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    for (const kind of new Set([...counts.keys(), ...this.#events.keys()])) {
      const { least, most } = this.#events.get(kind) ?? { least: 0, most: 0 };
      expect(counts.get(kind) ?? 0, `events: ${kind}`).toBeGreaterThanOrEqual(least);
      expect(counts.get(kind) ?? 0, `events: ${kind}`).toBeLessThanOrEqual(most);
    }
  }
}
