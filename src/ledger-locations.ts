/** The location hints of Durable Objects: developers.cloudflare.com/durable-objects/reference/data-location. */
export const LEDGER_LOCATIONS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "oc",
  "afr",
  "me",
] as const satisfies readonly DurableObjectLocationHint[];

export type LedgerLocation = (typeof LEDGER_LOCATIONS)[number];
