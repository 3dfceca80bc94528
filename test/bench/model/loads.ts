/** The loads in docs/performance.md: one busy key, then a whole service, up to a million requests a second. Data. */
import type { Load } from "./predict.ts";

export interface NamedLoad {
  readonly name: string;
  readonly load: Load;
}

const TEN = { locations: 10, locationsPerKey: 10, isolatesPerLocation: 1 };
const EARTH = { locations: 300, locationsPerKey: 300, isolatesPerLocation: 10 };
const MILLION = 1_000_000;

export const LOADS: readonly NamedLoad[] = [
  ...[1, 10, 100, 10_000].map((perSecond) => oneKey(perSecond, TEN)),
  ...[1000, 10_000, 100_000].map((perSecond) => oneKey(perSecond, EARTH)),
  service(10_000, 10_000, { locations: 100, locationsPerKey: 3, isolatesPerLocation: 3 }),
  service(MILLION, 100, EARTH),
  service(MILLION, 1000, { ...EARTH, locationsPerKey: 3 }),
  ...[100_000, MILLION, 10 * MILLION, 100 * MILLION].map((keys) =>
    service(MILLION, keys, { ...EARTH, locationsPerKey: 1 }),
  ),
];

type Places = Pick<Load, "locations" | "locationsPerKey" | "isolatesPerLocation">;

function oneKey(requestsPerSecond: number, places: Places): NamedLoad {
  const name = `${count(requestsPerSecond)}/s with one key, ${everywhere(places)}`;
  return { name, load: { requestsPerSecond, keys: 1, keysPerAccount: 1, limited: true, ...places } };
}

/** Ten keys per account. */
function service(requestsPerSecond: number, keys: number, places: Places): NamedLoad {
  const { locations, locationsPerKey } = places;
  const used = locationsPerKey === locations ? "" : `, each used in ${locationsPerKey}`;
  const name = `${count(requestsPerSecond)}/s with ${count(keys)} keys, ${everywhere(places)}${used}`;
  return { name, load: { requestsPerSecond, keys, keysPerAccount: 10, limited: true, ...places } };
}

function everywhere({ locations, isolatesPerLocation }: Places): string {
  return `${locations} × ${isolatesPerLocation}`;
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}
