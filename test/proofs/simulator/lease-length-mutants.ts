/** Mutants of the rules that stretch leases and shorten them again. */
import type { Mutant } from "../mutant.ts";

const LENGTH = "src/ledger/lease-length.ts";
const ISSUER = "src/ledger/lease-issuer.ts";

const STRETCH = "this.$MS = Math.min($STEP * this.$MS, this.$LONGEST_MS);";

export const LEASE_LENGTH_MUTANTS: readonly Mutant[] = [
  {
    promise: "few calls",
    name: "leases are never stretched",
    in: LENGTH,
    find: STRETCH,
    given: "this.$SHORTEST_MS = $FIRST_PARAMETER;",
    replace: "this.$MS = this.$SHORTEST_MS;",
  },
  {
    promise: "receipt",
    name: "leases are stretched above LEASE_MAX_MS",
    in: LENGTH,
    find: STRETCH,
    replace: "this.$MS = $STEP * this.$MS;",
  },
  {
    promise: "receipt",
    name: "leases are stretched without load",
    in: LENGTH,
    find: "this.$GRANTS <= this.$GRANTS_IN(this.$MS)",
    replace: "false",
  },
  {
    promise: "receipt",
    name: "leases never shorten again",
    in: LENGTH,
    find: "if (this.$GRANTS <= $CALM_SHARE * this.$GRANTS_IN($SHORTER_MS)) this.$MS = $SHORTER_MS;",
    replace: "",
  },
  {
    promise: "G1",
    name: "leases are not on disk",
    in: ISSUER,
    find: "this.$METADATA.set($LEASES_IN_USE, $ON_DISK);",
    replace: "",
  },
  {
    promise: "G1",
    name: "the disk covers shorter leases only",
    in: ISSUER,
    find: "$NOW + $LASTS_MS + $CLOCK_STEP_MAX_MS <= $UNTIL && $LASTS_MS <= longest_ms",
    replace: "$NOW + $LASTS_MS + $CLOCK_STEP_MAX_MS <= $UNTIL",
  },
  {
    promise: "receipt",
    name: "a receipt bounds the shortest leases only",
    in: ISSUER,
    find: "return Math.max(this.$ON_DISK.longest_ms, this.$LENGTH.$MS + this.$MARGIN_MS);",
    replace: "return this.$MARGIN_MS + 1;",
  },
];
