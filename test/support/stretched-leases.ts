import type { SourceEdit } from "./source-edit.ts";

/** Few requests stretch the leases of an account. */
export const FEW_GRANTS_STRETCH_LEASES: SourceEdit = {
  in: "src/ledger/lease-length.ts",
  find: "const $GRANTS_PER_SECOND_MAX = 300;",
  replace: "const $GRANTS_PER_SECOND_MAX = 0.1;",
};
