/**
 * `npm run model`: what the gateway costs and how long requests wait at loads that no benchmark reaches, beside what one
 * would write from the documentation. Prints it, and writes the section of docs/performance.md and the chart.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { PERFORMANCE_PAGE, RESULTS } from "../performance-section.ts";
import { chartOf } from "./chart.ts";
import { CHART, cpuOf, sectionOf, withModel } from "./model-section.ts";

const results = JSON.parse(readFileSync(RESULTS, "utf8"));
process.stdout.write(sectionOf(cpuOf(results)));
writeFileSync(CHART, chartOf(cpuOf(results)));
writeFileSync(PERFORMANCE_PAGE, withModel(readFileSync(PERFORMANCE_PAGE, "utf8"), results));
