/** axe-core in the browser, for contexts that were prepared with it. */

import { createRequire } from "node:module";
import type { BrowserContext, Page } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The rules that dark mode, which changes only colours, can break. */
export const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** Loads axe-core into every page that the context opens from now on, whatever the page's security policy. */
export async function loadAxe(context: BrowserContext): Promise<void> {
  await context.addInitScript({ path: AXE });
}

/** What violates these rules or tags, as `rule: element`. */
export async function violationsOn(page: Page, only: readonly string[] = WCAG_22_AA): Promise<string[]> {
  return await page.evaluate(
    async (runOnly) => {
      const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
      const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    },
    [...only],
  );
}
