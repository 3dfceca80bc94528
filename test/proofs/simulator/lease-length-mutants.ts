/** The rules of leases that get longer and shorter again, each broken in turn. */
import { type Mutant, mutant } from "./mutant.ts";

const LENGTH = "src/ledger/lease-length.ts";
const LEASES = "src/ledger/lease-issuer.ts";

export const LEASE_LENGTH_MUTANTS: readonly Mutant[] = [
  mutant(
    "leases that never get longer",
    LENGTH,
    "this.#ms = Math.min(STEP * this.#ms, this.#longestMs);",
    "this.#ms = this.#shortestMs;",
  ),
  mutant(
    "leases beyond the longest",
    LENGTH,
    "this.#ms = Math.min(STEP * this.#ms, this.#longestMs);",
    "this.#ms = STEP * this.#ms;",
  ),
  mutant("leases that get longer without need", LENGTH, "this.#grants <= this.#grantsIn(this.#ms)", "false"),
  mutant(
    "leases that never get shorter again",
    LENGTH,
    "if (this.#grants <= CALM_SHARE * this.#grantsIn(shorterMs)) this.#ms = shorterMs;",
    "",
  ),
  mutant(
    "longer leases that are not on disk",
    LEASES,
    "    this.#metadata.set(LONGEST_LEASE_MS, lastsMs);\n",
    "",
  ),
  mutant(
    "a restart that assumes the shortest leases",
    LEASES,
    "this.#book = new LeaseBook(startedAt, this.#longestMs);",
    "this.#book = new LeaseBook(startedAt, this.#lastsMs(leaseMs));",
  ),
  mutant(
    "longer leases forgotten as soon as shorter ones are given",
    LEASES,
    " && now >= this.#longerUntil",
    "",
  ),
  mutant(
    "longer leases forgotten as if they were as old as the ledger",
    LEASES,
    "if (grantMs < before) this.#longerUntil = Math.max(this.#longerUntil, now + this.#lastsMs(before));",
    "",
  ),
  mutant(
    "longer leases allowed for until somebody asks",
    LEASES,
    "if (isLonger) void this.#settleIn(lastsMs);",
    "",
  ),
  mutant(
    "longer leases allowed for since the alarm came too soon",
    LEASES,
    "if (this.#longestMs > this.#lastsMs(this.#settings.leaseMs)) await this.#settleIn(this.#longestMs);",
    "",
  ),
  mutant(
    "a receipt that knows of the shortest leases only",
    LEASES,
    "this.leasesExpireAt(keyId)), boundMs: this.#longestMs",
    "this.leasesExpireAt(keyId)), boundMs: this.#lastsMs(this.#settings.leaseMs)",
  ),
];
