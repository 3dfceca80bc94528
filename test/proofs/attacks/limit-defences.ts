/** Defences of rate limits. */
import type { Defence } from "./defence.ts";

const GATEWAY = "src/gateway/gateway.ts";

const FIND_ROW = "$FIND_ROW($REQUEST.method, $ACCEPTED.$PATH)";

export const LIMIT_DEFENCES: readonly Defence[] = [
  {
    promise: "not above the limit",
    name: "every request takes a permit",
    in: "src/leases/permits.ts",
    find: "for (const $WINDOW of $COUNTED) $WINDOW.$USED += 1;",
    replace: "",
    stops: ["the request above the limit gets 429", "twelve concurrent connections share the limit"],
  },
  {
    promise: "not above the limit",
    name: "HEAD takes a permit too",
    in: GATEWAY,
    find: "$REPORT.$PERMIT = $PERMIT_TAKEN;",
    given: [FIND_ROW, "$REPORT.$PERMIT?.$REFUND()"],
    replace: '$REPORT.$PERMIT = $PERMIT_TAKEN; if ($REQUEST.method === "HEAD") $PERMIT_TAKEN.$REFUND();',
    stops: ["HEAD counts like GET"],
  },
  {
    promise: "not above the limit",
    name: "the limit is the key's, whatever the client's address",
    in: GATEWAY,
    find: "if ($IS_REFUSAL($PERMIT)) return $PERMIT;",
    given: [FIND_ROW, "$REPORT.$TAKEN = $PERMIT;"],
    replace: 'if (!$REQUEST.headers.has("X-Forwarded-For") && $IS_REFUSAL($PERMIT)) return $PERMIT;',
    stops: ["another address in X-Forwarded-For counts against the same limit"],
  },
  {
    promise: "not above the limit",
    name: "refused requests take a permit",
    in: GATEWAY,
    find: 'if ($EARLY?.$REASON === "live_only") return $EARLY;',
    replace: "if ($EARLY) return $EARLY;",
    stops: [
      "refused requests count, so path guessing is limited",
      "an unknown path counts against the limit",
    ],
  },
  {
    promise: "not above the limit",
    name: "publishing has a limit of its own",
    in: "src/gateway/enforce-limit.ts",
    find: '$REPORT.$ROW?.$LIMIT ?? "requests"',
    replace: '"requests"',
    stops: [
      "publishing another post counts against the same limit",
      "dot segments to publish count against the same limit",
    ],
  },
];
