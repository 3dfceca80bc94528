/** Mutants of the rules that stretch leases and shorten them again. */
import { type Mutant, mutant } from "./mutant.ts";

const LENGTH = "src/ledger/lease-length.ts";
const LEASES = "src/ledger/lease-issuer.ts";

export const LEASE_LENGTH_MUTANTS: readonly Mutant[] = [
  mutant(
    "leases are never stretched",
    LENGTH,
    "this.#ms = Math.min(STEP * this.#ms, this.#longestMs);",
    "this.#ms = this.#shortestMs;",
  ),
  mutant(
    "leases are stretched above LEASE_MAX_MS",
    LENGTH,
    "this.#ms = Math.min(STEP * this.#ms, this.#longestMs);",
    "this.#ms = STEP * this.#ms;",
  ),
  mutant("leases are stretched without load", LENGTH, "this.#grants <= this.#grantsIn(this.#ms)", "false"),
  mutant(
    "leases never shorten again",
    LENGTH,
    "if (this.#grants <= CALM_SHARE * this.#grantsIn(shorterMs)) this.#ms = shorterMs;",
    "",
  ),
  mutant("leases are not on disk", LEASES, "      this.#metadata.set(LEASES_IN_USE, onDisk);\n", ""),
  mutant("the disk covers shorter leases only", LEASES, " && lastsMs <= longest_ms;", ";"),
  mutant(
    "a receipt bounds the shortest leases only",
    LEASES,
    "return Math.max(this.#onDisk.longest_ms, this.#length.ms + this.#marginMs);",
    "return this.#marginMs + 1;",
  ),
];
