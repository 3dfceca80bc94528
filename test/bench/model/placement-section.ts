/** The table of docs/placement.md, made from the model. Pure, except for the path. */
import { join } from "node:path";
import { tableOf, withSection } from "../markdown.ts";
import {
  bareResponseTime,
  type Distances,
  ELSEWHERE_MS,
  PLACES,
  responseTime,
  SAME_REGION_MS,
  SITUATIONS,
} from "./placement.ts";

export const PLACEMENT_PAGE = join(import.meta.dirname, "..", "..", "..", "docs", "placement.md");

const BEGIN = "<!-- npm run model writes from here -->";
const END = "<!-- npm run model writes to here -->";
const CLIENT_MS = [5, 20, 80];
const ORIGIN_MS = [20, 80, 200];

/** The page with its table replaced. */
export function withPlacement(page: string): string {
  return withSection(page, BEGIN, END, placementSection());
}

function placementSection(): string {
  const distances = CLIENT_MS.flatMap((clientToEdgeMs) =>
    ORIGIN_MS.map((edgeToOriginMs): Distances => ({ clientToEdgeMs, edgeToOriginMs })),
  );
  const rows = distances.flatMap((each) => PLACES.map((place) => rowOf(place, each)));
  return `${tableOf(["client – edge, edge – origin", "place", "bare proxy", ...SITUATIONS], rows)}

Round trips in milliseconds, nothing else. Between Worker, ledger and origin in one region: ${SAME_REGION_MS} ms. With *edge*, the ledger is assumed to be ${ELSEWHERE_MS} ms from the Worker.`;
}

function rowOf(place: (typeof PLACES)[number], distances: Distances): string[] {
  const { clientToEdgeMs, edgeToOriginMs } = distances;
  return [
    `${clientToEdgeMs}, ${edgeToOriginMs}`,
    place,
    String(bareResponseTime(distances)),
    ...SITUATIONS.map((situation) => String(responseTime(place, situation, distances))),
  ];
}
