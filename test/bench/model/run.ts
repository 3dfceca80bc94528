/**
 * `npm run model`: predicts cost and latency at loads that no benchmark reaches, compared with an implementation from the
 * documentation. Prints the result, and writes the section of docs/performance.md, the chart, and the table of
 * docs/placement.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { PERFORMANCE_PAGE, RESULTS } from "../performance-section.ts";
import { chartOf } from "./chart.ts";
import { CHART, cpuOf, sectionOf, withModel } from "./model-section.ts";
import { PLACEMENT_PAGE, withPlacement } from "./placement-section.ts";

const results = JSON.parse(readFileSync(RESULTS, "utf8"));
process.stdout.write(sectionOf(cpuOf(results)));
writeFileSync(CHART, chartOf(cpuOf(results)));
writeFileSync(PERFORMANCE_PAGE, withModel(readFileSync(PERFORMANCE_PAGE, "utf8"), results));
writeFileSync(PLACEMENT_PAGE, withPlacement(readFileSync(PLACEMENT_PAGE, "utf8")));
