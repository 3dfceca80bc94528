/**
 * A bounded map that evicts entries which were not used lately.
 *
 * It approximates LRU with two generations: when the young one reaches half of the bound, it becomes the old one, and
 * the entries of the previous old one are evicted. It does not keep the exact order of use.
 */
export class LruCache<Value> {
  readonly #generationMax: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(max: number) {
    this.#generationMax = Math.max(1, Math.floor(max / 2));
  }

  get(name: string): Value | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, value: Value): void {
    if (this.#young.size >= this.#generationMax && !this.#young.has(name)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }

  delete(name: string): void {
    this.#young.delete(name);
    this.#old.delete(name);
  }

  /** Never more than the bound; an entry in both generations counts once. */
  get size(): number {
    let size = this.#young.size;
    for (const name of this.#old.keys()) if (!this.#young.has(name)) size += 1;
    return size;
  }
}
