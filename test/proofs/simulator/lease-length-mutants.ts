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
  mutant(
    "stretched leases are not on disk",
    LEASES,
    "    this.#metadata.set(LONGEST_LEASE_MS, lastsMs);\n",
    "",
  ),
  mutant(
    "a restart assumes the shortest leases",
    LEASES,
    "this.#book = new LeaseBook(startedAt, this.#longestMs);",
    "this.#book = new LeaseBook(startedAt, this.#lastsMs(leaseMs));",
  ),
  mutant(
    "stretched leases are forgotten as soon as shorter ones are granted",
    LEASES,
    " && now >= this.#longerUntil",
    "",
  ),
  mutant(
    "stretched leases are forgotten as if granted at the ledger's start",
    LEASES,
    "if (grantMs < before) this.#longerUntil = Math.max(this.#longerUntil, now + this.#lastsMs(before));",
    "",
  ),
  mutant(
    "stretched leases are allowed for until the next lease call",
    LEASES,
    "if (isLonger) void this.#settleIn(lastsMs);",
    "",
  ),
  mutant(
    "an early alarm leaves stretched leases allowed for",
    LEASES,
    "if (this.#longestMs > this.#lastsMs(this.#settings.leaseMs)) await this.#settleIn(this.#longestMs);",
    "",
  ),
  mutant(
    "a receipt bounds the shortest leases only",
    LEASES,
    "this.leasesExpireAt(keyId)), leaseBoundMs: this.#longestMs",
    "this.leasesExpireAt(keyId)), leaseBoundMs: this.#lastsMs(this.#settings.leaseMs)",
  ),
];
